"""What of ours the kernel has at the moment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_network, summarize_address_range
from typing import Any

from mxward import networks
from mxward.intercept import nftables
from mxward.intercept.kernel import KernelError, NotThere, ask, run
from mxward.intercept.plan import Plan
from mxward.networks import Address, Network

__all__ = ["Loaded", "Standing", "front_doors", "read", "routing_rules", "under_way"]

# Sockets with something still to say; the others need no rule to vanish.
_STATES = ("established", "syn-sent", "close-wait", "fin-wait-1")


class Standing(StrEnum):
    """How interception stands in the kernel."""

    DOWN = "down"
    UP = "up"
    LIFTED = "lifted"  # by the watchdog: connections go straight to the mail server
    ENDING = "ending"  # taken down, and kept for connections under way


@dataclass(frozen=True, slots=True)
class Loaded:
    """Our table, as far as it is there: the rules in each chain, and what their counters count."""

    rules: Mapping[str, int] = field(default_factory=dict)
    counted: Mapping[str, int] = field(default_factory=dict)
    fingerprint: str | None = None

    @property
    def standing(self) -> Standing:
        """How it stands, by what is there."""
        if not self.rules:
            return Standing.DOWN
        if "divert" not in self.rules:
            return Standing.ENDING
        diverts = {nftables.TAKEN, nftables.REFUSED, nftables.FAST} & self.counted.keys()
        return Standing.UP if diverts else Standing.LIFTED

    def is_as(self, plan: Plan) -> bool:
        """Whether these are the rules of a plan, and nobody has changed them."""
        wanted = dict(nftables.shape(plan))
        if self.standing is Standing.LIFTED:
            wanted["divert"] = 1
        return self.fingerprint == nftables.fingerprint(plan) and self.rules == wanted


def read(table: str = nftables.TABLE) -> Loaded:
    """What is loaded, of this table or another of ours. Raises KernelError."""
    try:
        answer = ask("nft", "-j", "-t", "list", "table", *table.split())
    except NotThere:
        return Loaded()
    return _loaded(answer["nftables"])


def _loaded(objects: Iterable[Mapping[str, Any]]) -> Loaded:
    rules, counted = Counter[str](), Counter[str]()
    fingerprint = None
    for each in objects:
        if "chain" in each:
            rules[each["chain"]["name"]] += 0
        elif rule := each.get("rule"):
            rules[rule["chain"]] += 1
            comment = rule.get("comment", "")
            if rule["chain"] == "about":
                fingerprint = comment
            for expression in rule["expr"]:
                if comment and isinstance(expression.get("counter"), dict):  # not a named one
                    counted[comment] += expression["counter"]["packets"]
    return Loaded(dict(rules), dict(counted), fingerprint)


def routing_rules(version: int) -> list[Mapping[str, Any]]:
    """The routing rules for a version of IP; none where the machine does not speak it.

    Raises KernelError.
    """
    try:
        found: list[Mapping[str, Any]] = ask("ip", "-N", "-j", f"-{version}", "rule", "show")
    except KernelError as error:
        if version == 6 and "not supported" in str(error):
            return []
        raise
    return found


def under_way(listen_port: int) -> int:
    """How many connections there are that rules and routes are needed for. Raises KernelError."""
    states = [word for state in _STATES for word in ("state", state)]
    sockets = run("ss", "-HtnO", "--inet-sockopt", *states).splitlines()
    return sum(_needs_rules(line, f":{listen_port}") for line in sockets)


def _needs_rules(line: str, port: str) -> bool:
    """A socket with another machine's address, or a redirected one; not the watchdog's own."""
    words = line.split()
    local, remote = words[3], words[4]
    if local.endswith(port) and remote.startswith(("127.", "[::1]", "[::ffff:127.")):
        return False
    return re.search(r"[ (]transparent[ )]", line) is not None or local.endswith(port)


# -- the fast path's sets ---------------------------------------------------------------------


def front_doors() -> list[Address | Network]:
    """What the sets hold of addresses and networks; nothing where there are none.

    Raises KernelError.
    """
    found: list[Address | Network] = []
    for name in nftables.SETS:
        try:
            answer = ask("nft", "-j", "list", "set", *nftables.TABLE.split(), name)
        except NotThere:
            continue
        for each in answer["nftables"]:
            for element in each.get("set", {}).get("elem", ()):
                found += _element(element)
    return found


def _element(element: Any) -> Iterator[Address | Network]:
    if isinstance(element, str):
        yield networks.address(element)
    elif "prefix" in element:
        yield ip_network((element["prefix"]["addr"], element["prefix"]["len"]))
    else:
        first, last = map(networks.address, element["range"])
        yield from summarize_address_range(first, last)
