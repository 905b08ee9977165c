"""A packet filter for the mail server's own addresses: nftables, in one table of ours.

Only the first packet of a connection (SYN) is ever refused, so what began before goes on. All of it
is loaded in one transaction, and what is there already is replaced: no packet sees half of it, and
the counters go on counting. Connections that this machine makes to itself (`lo`) are left alone.

A firewall knows neither domains nor users. Whom one domain takes mail from gets through to all; an
address may be shut only where nothing is in the way (all_or_nothing.py), and where nobody at all
would be let in, nothing is written. Nothing is accepted: who is let in goes on to all other rules
of the machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mxward.lockdown.all_or_nothing import in_the_way, let_in
from mxward.lockdown.nftables_steps import UNIT, apply, check, know, roll_back, unit
from mxward.lockdown.plan import Plan
from mxward.lockdown.written import Written
from mxward.netfilter import SYN, of_sets, refilled, sets
from mxward.networks import Network, Networks, collapsed

__all__ = ["COUNTERS", "FILE", "TABLE", "Filter", "fingerprint", "ruleset", "shape", "write"]

TABLE = "inet mxward_lockdown"
FILE = "mxward-lockdown.nft"
COUNTERS = ("let_in", "would_be_refused", "refused", "logged", "invalid")
"""They count connections by their first packets; `logged` those that a line in the log tells of."""
_CLIENTS = "let_in"
_ABOUT = "# By `mxward lockdown nftables`. How to load it, and to go back: README.md beside it."
_A_SECOND, _AT_ONCE = 10, 50  # lines of the log


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked of the packet filter; `command` is what writes or checks the same again."""

    servers: tuple[Network, ...]
    ports: tuple[int, ...]
    refuses: bool  # else it only counts and logs
    even_so: bool = False
    looked: bool = False  # into logs, for whom it shuts out
    place: str = "/etc/mxward/nftables"  # where the files are in the end
    command: str = "mxward lockdown nftables"
    in_place: bool = False  # they are written there at once


def write(plan: Plan, wanted: Filter) -> Written:
    """The rules, and what to do with them. Raises ValueError where they must not be written."""
    clients = let_in(plan)
    if not clients:
        raise ValueError("no domain has a scanner in front, so nobody would be let in")
    held = in_the_way(plan, Networks(wanted.servers))
    if wanted.refuses and held and not wanted.even_so:
        raise ValueError(_refusal(wanted.servers, held))
    text = ruleset(wanted, clients)
    path = f"{wanted.place}/{FILE}"
    return Written(
        title="Packet filter for nftables",
        files={FILE: text, UNIT: unit(path)},
        apply=apply(
            TABLE,
            FILE,
            wanted.place,
            refuses=wanted.refuses,
            command=wanted.command,
            in_place=wanted.in_place,
        ),
        check=check(TABLE, wanted.command),
        roll_back=roll_back(TABLE, wanted.place),
        know=know(
            wanted.servers,
            wanted.ports,
            len(clients),
            refuses=wanted.refuses,
            looked=wanted.looked,
        ),
        also={"In the way of refusing": "\n".join(f"- {line}" for line in held)} if held else {},
    )


def _refusal(servers: Sequence[Network], held: Iterable[str]) -> str:
    them = ", ".join(map(_short, servers))
    lines = [f"{them} must not be shut to everybody else: nothing is written, for"]
    lines += [f"  {line}" for line in held]
    return "\n".join([*lines, "mend that, name another --server, or say --even-so"])


# -- the rules ----------------------------------------------------------------------------------


def ruleset(wanted: Filter, clients: Iterable[Network]) -> str:
    """All of it, as `nft -f` loads it in one transaction: in place of what is there."""
    elements = tuple(refilled(TABLE, _CLIENTS, clients, between="\n\t"))
    lines = [_ABOUT, *_frame(), *_filled(wanted, _fingerprint(wanted, elements)), *elements]
    return "\n".join(lines) + "\n"


def fingerprint(wanted: Filter, clients: Iterable[Network]) -> str:
    """What tells these rules and sets from others; it is in the rules themselves."""
    return _fingerprint(wanted, refilled(TABLE, _CLIENTS, clients, between="\n\t"))


def shape(wanted: Filter) -> dict[str, int]:
    """The chains of the table, and how many rules each has."""
    return {name: len(rules) for name, rules in _chains(wanted).items()}


def _fingerprint(wanted: Filter, elements: Iterable[str]) -> str:
    """Of what is in the chains and in the sets."""
    told = "\n".join([*_filled(wanted, ""), *elements])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _frame() -> Iterator[str]:
    """Table, counters, sets and chains: made where they are not there, else left as they are."""
    yield f"add table {TABLE}"
    yield from (f"add counter {TABLE} {name}" for name in COUNTERS)
    yield from (f"add set {TABLE} {name} {{ {kind}; }}" for name, kind in sets(_CLIENTS).items())
    hook = "{ type filter hook prerouting priority mangle; policy accept; }"
    yield from (f"add chain {TABLE} arrivals {hook}", f"add chain {TABLE} door")
    yield f"add chain {TABLE} about"


def _filled(wanted: Filter, about: str) -> Iterator[str]:
    """The chains, with other rules than they had."""
    for name, rules in _chains(wanted, about).items():
        yield f"flush chain {TABLE} {name}"
        yield from (f"add rule {TABLE} {name} {rule}" for rule in rules)


def _chains(wanted: Filter, about: str = "") -> dict[str, tuple[str, ...]]:
    """The rules of each; no packet ever comes to `about`."""
    return {
        "about": (f'return comment "{about}"',),
        "arrivals": tuple(_arrivals(wanted)),
        "door": tuple(_door(wanted)),
    }


def _arrivals(wanted: Filter) -> Iterator[str]:
    """Where all packets come by."""
    ports = ", ".join(map(str, wanted.ports))
    for family, version in (("ip", 4), ("ip6", 6)):
        servers = [net for net in collapsed(wanted.servers) if net.version == version]
        if servers:
            yield (
                f'iifname != "lo" {family} daddr {{ {", ".join(map(_short, servers))} }} '
                f"tcp dport {{ {ports} }} {SYN} goto door"
            )


def _door(wanted: Filter) -> Iterator[str]:
    """Where first packets come by that are for the mail server."""
    # To ask for a state has the kernel put fragments together before this table sees a packet: in
    # tiny ones a SYN would not be seen (RFC 1858 3).
    yield 'ct state invalid counter name invalid comment "let on, or refused, below"'
    for inside in of_sets(_CLIENTS):
        yield f'{inside} counter name let_in return comment "a front door, or trusted"'
    yield (
        f"limit rate {_A_SECOND}/second burst {_AT_ONCE} packets counter name logged "
        'log prefix "mxward-lockdown: "'
    )
    if wanted.refuses:
        yield (
            "meta l4proto tcp counter name refused reject with tcp reset "
            'comment "stage refuse: everybody else"'
        )
    else:
        yield 'counter name would_be_refused comment "stage log: everybody else"'


def _short(net: Network) -> str:
    return str(net).removesuffix(f"/{net.max_prefixlen}")
