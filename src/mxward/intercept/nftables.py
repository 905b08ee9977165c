"""The rules for nftables, as the text that `nft -f -` loads in one transaction: all, or nothing.

All of it is in one table, `inet mxward`, and no other is touched. Only the first packet of a
connection (SYN) is ever diverted, so connections that began before go on undisturbed; what follows
it is found by the socket that it belongs to, so connections that are diverted go on when the rules
change. Every value in the text is a number, an address, or an interface name that the
configuration has checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from mxward.intercept.plan import Plan
from mxward.netfilter import SYN, of_sets, refilled, sets
from mxward.networks import Address, Network

__all__ = [
    "ENDED",
    "FAST",
    "LET_THROUGH",
    "REFUSED",
    "SETS",
    "TABLE",
    "TAKEN",
    "UNDER_WAY",
    "fast_path",
    "fingerprint",
    "lifted",
    "remainder",
    "restored",
    "ruleset",
    "shape",
]

TABLE = "inet mxward"
# What the counters count, as comments of their rules: connections, but for UNDER_WAY: packets.
TAKEN = "taken"
FAST = "fast path"
REFUSED = "refused"
LET_THROUGH = "let through"
UNDER_WAY = "under way"
ENDED = f"add table {TABLE}\ndelete table {TABLE}\n"

# Which connections are taken is kept in a connection's label, since its mark may be in use (by
# policy routing over several uplinks). The number is one of 128 that few programs use at all.
_LABEL = 117
_CLIENTS = "front_door"
SETS = sets(_CLIENTS)
_Lines = Iterator[str]


def ruleset(plan: Plan, front_doors: Iterable[Address | Network] = ()) -> str:
    """The whole table, in place of the one that is there.

    `front_doors` are let past mxward from the start, where the plan has a fast path.
    """
    elements = fast_path(front_doors) if plan.fast_path else ""
    return f"{ENDED}{_table(plan)}{elements}"


def fingerprint(plan: Plan) -> str:
    """What tells the rules of one plan from those of another; it is in the rules themselves."""
    return hashlib.sha256("\n".join(_chains(plan)).encode()).hexdigest()[:12]


def shape(plan: Plan) -> Iterator[tuple[str, int]]:
    """The chains of the table, and how many rules each has."""
    yield "about", 1
    for name, rules in _rules(plan):
        yield name, sum(not rule.startswith("type ") for rule in rules)


def lifted() -> str:
    """Nothing is diverted any more, all else stays: the sets, and connections under way."""
    return f'flush chain {TABLE} divert\nadd rule {TABLE} divert counter comment "{LET_THROUGH}"\n'


def restored(plan: Plan) -> str:
    """What was lifted is in force again."""
    rules = (f"add rule {TABLE} divert {rule}\n" for rule in _divert(plan))
    return f"flush chain {TABLE} divert\n{''.join(rules)}"


def remainder() -> str:
    """Only what connections under way still need: nothing else is ever diverted again."""
    return (
        f"flush chain {TABLE} arrivals\nflush chain {TABLE} divert\ndelete chain {TABLE} divert\n"
    )


def fast_path(front_doors: Iterable[Address | Network]) -> str:
    """Other contents for the sets of the fast path: addresses, and networks, of either family."""
    return "\n".join(refilled(TABLE, _CLIENTS, front_doors)) + "\n"


# -- the table --------------------------------------------------------------------------------


def _table(plan: Plan) -> str:
    about = _chain("about", [f'return comment "{fingerprint(plan)}"'])  # nothing ever comes here
    body = "\n".join(f"\t{line}" for line in (*about, *_chains(plan)))
    return f"table {TABLE} {{\n{body}\n}}\n"


def _chains(plan: Plan) -> _Lines:
    if plan.fast_path:
        for name, kind in SETS.items():
            yield from (f"set {name} {{", f"\t{kind}", "}")
    for chain, rules in _rules(plan):
        yield from _chain(chain, rules)


def _rules(plan: Plan) -> Iterator[tuple[str, Iterable[str]]]:
    """Each chain, with what stands in it."""
    yield "prerouting", _prerouting(plan)
    if plan.redirects:
        yield "nat", _nat()
    if plan.on_this_host:
        yield "output", _output(plan)
    yield "arrivals", _arrivals(plan)
    yield "divert", _divert(plan)


def _chain(name: str, rules: Iterable[str]) -> _Lines:
    yield f"chain {name} {{"
    yield from (f"\t{rule}" for rule in rules)
    yield "}"


def _prerouting(plan: Plan) -> _Lines:
    yield "type filter hook prerouting priority mangle; policy accept;"
    # Only redirected and local connections may have mxward's port: others could say they were.
    yield (
        f'iifname != "lo" fib daddr type local tcp dport {plan.listen_port} {SYN} '
        "counter reject with tcp reset"
    )
    # Not by its socket: that of a connection which has ended may linger in TIME_WAIT.
    yield f"{SYN} accept" if plan.redirects else f"{SYN} goto arrivals"
    yield (
        f"meta l4proto tcp socket transparent 1 meta mark set {plan.mark} "
        f'counter accept comment "{UNDER_WAY}"'
    )
    if not plan.redirects:
        # With SYN cookies there is no socket until the client's second packet has been judged.
        yield (
            f"meta l4proto tcp ct label {_LABEL} ct direction original "
            f"tproxy to :{plan.listen_port} meta mark set {plan.mark} accept"
        )


def _nat() -> _Lines:
    """This chain outlives the others: connections are translated as long as it is there.

    `ct` because the kernel follows connections only while a rule asks about them.
    """
    yield "type nat hook prerouting priority dstnat; policy accept;"
    yield f"{SYN} ct state new goto arrivals"


def _output(plan: Plan) -> _Lines:
    """The mail server answers a client's address: what is mxward's must not leave the machine."""
    yield "type route hook output priority mangle; policy accept;"
    yield f"meta l4proto tcp meta mark {plan.own_mark} ct mark set {plan.own_mark}"
    yield (f"meta l4proto tcp ct mark {plan.own_mark} ct direction reply meta mark set {plan.mark}")


def _arrivals(plan: Plan) -> _Lines:
    """Where first packets of connections go."""
    interfaces = ", ".join(f'"{name}"' for name in plan.interfaces)
    ports = ", ".join(map(str, plan.ports))
    for ip, servers in (("ip", plan.servers4), ("ip6", plan.servers6)):
        if servers:
            yield (
                f"iifname {{ {interfaces} }} {ip} daddr {{ {', '.join(map(str, servers))} }} "
                f"tcp dport {{ {ports} }} goto divert"
            )


def _divert(plan: Plan) -> _Lines:
    """Where first packets go that are for mail servers."""
    if plan.fast_path:
        for inside in of_sets(_CLIENTS):
            yield f'{inside} counter accept comment "{FAST}"'
    if plan.redirects:
        yield f'meta l4proto tcp counter redirect to :{plan.listen_port} comment "{TAKEN}"'
        return
    yield (
        f"meta l4proto tcp tproxy to :{plan.listen_port} ct label set {_LABEL} "
        f'meta mark set {plan.mark} counter accept comment "{TAKEN}"'
    )
    # Whatever comes this far found nobody listening.
    if plan.fails_open:
        yield f'counter comment "{LET_THROUGH}"'
    else:
        yield f'meta l4proto tcp counter reject with tcp reset comment "{REFUSED}"'
