"""Microsoft 365 behind another scanner: partner connectors that take mail from it only.

Written for PowerShell, for people to read and run. Nothing of it can be tried without a tenant, so
none of it was: the files say so. One folder serves many tenants: in each, the scripts take of all
domains those that the tenant has accepted.

A connector knows the scanner by its certificate where that is configured and is all that is needed,
else by its addresses: IPv4 only, in networks of /24 and longer, as Microsoft honours no others.
Only domains whose stage defers or refuses are restricted; a stage that defers refuses here, for
Microsoft cannot defer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import chain

from mxward.domains import is_normal, normal
from mxward.lockdown.groups import Group
from mxward.lockdown.microsoft_scripts import SCRIPTS, UNTRIED
from mxward.lockdown.microsoft_steps import APPLY, KNOW, ROLL_BACK, check
from mxward.lockdown.plan import Plan
from mxward.lockdown.powershell import quoted, quoted_list
from mxward.lockdown.sealing import Verdict
from mxward.lockdown.written import Written
from mxward.networks import Network

__all__ = ["DATA", "Connector", "Watch", "connectors", "watches", "write"]

DATA = "connectors.ps1"
_LONGEST = 24  # the shortest prefix that a connector takes
_MOST_ADDRESSES = 1_000  # of one connector; more are a mistake, or a scanner that shares with all
_DOMAINS = 200  # of one connector
_RULE = 6_000  # characters of domains and addresses in one mail flow rule; it may have 8,192


@dataclass(frozen=True, slots=True)
class Connector:
    """One inbound connector; by its certificate, or where that is None by its addresses."""

    name: str
    domains: tuple[str, ...]
    certificate: str | None
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """One mail flow rule that only reports: mail for these domains from elsewhere."""

    name: str
    domains: tuple[str, ...]
    addresses: tuple[str, ...]


def write(
    plan: Plan,
    certificates: Mapping[str, Sequence[str]],
    command: str = "mxward lockdown microsoft365",
) -> Written:
    """All that is run in a tenant; `certificates` are those of each scanner, and `command` is what
    writes the same again.

    Raises ValueError where there is nothing to restrict, and for a name that is none.
    """
    if not plan.groups:
        raise ValueError("no domain has a scanner in front, so there is nobody to restrict it to")
    made: list[Connector] = []
    watched: list[Watch] = []
    without: list[str] = []
    for group in plan.groups:
        certificate = _certificate(group, certificates)
        if certificate is None and (why := _unfit(group)):
            without.append(f"- {group.name}, {len(group.domains):,} domains: {why}")
            continue
        made += connectors(group, certificate)
        watched += watches(group)
        if not (certificate or all(net.version == 4 for net in group.networks)):
            without.append(f"- {group.name}: its IPv6 networks: Microsoft takes none")
    if not watched and not made:
        raise ValueError("Microsoft can restrict none of these domains:\n" + "\n".join(without))
    return Written(
        title="Connectors for Microsoft 365",
        files={DATA: _data(made, watched), **SCRIPTS},
        apply=APPLY,
        check=check(command),
        roll_back=ROLL_BACK,
        know=KNOW,
        also={"Not written": "\n".join(without)} if without else {},
    )


def connectors(group: Group, certificate: str | None) -> Iterator[Connector]:
    """Of the domains that may be restricted. Raises ValueError for a domain that is none."""
    enforced = [_domain(d) for d, verdict in group.domains.items() if verdict is not Verdict.WARN]
    addresses = () if certificate else tuple(map(str, _pieces(group.networks)))
    for number, begin in enumerate(range(0, len(enforced), _DOMAINS), 1):
        domains = tuple(enforced[begin : begin + _DOMAINS])
        yield Connector(f"mxward {group.name} {number}", domains, certificate, addresses)


def watches(group: Group) -> Iterator[Watch]:
    """Of all domains of a group: none where its addresses alone fill a rule."""
    ranges = tuple(_range(net) for net in group.networks if isinstance(net, IPv4Network))
    room = _RULE - sum(len(each) + 1 for each in ranges)
    if room < 300 or not ranges:
        return
    chunk: list[str] = []
    number, used = 1, 0
    for domain in map(_domain, group.domains):
        if chunk and used + len(domain) + 1 > room:
            yield Watch(f"mxward {group.name} test {number}", tuple(chunk), ranges)
            chunk, used, number = [], 0, number + 1
        chunk.append(domain)
        used += len(domain) + 1
    if chunk:
        yield Watch(f"mxward {group.name} test {number}", tuple(chunk), ranges)


# -- by what the scanner is known ---------------------------------------------------------------


def _certificate(group: Group, certificates: Mapping[str, Sequence[str]]) -> str | None:
    """The one name that all of a group's mail comes with; None where there is no such one.

    How several restricting connectors of the same domains go together stands nowhere.
    """
    named = {name for scanner in group.scanners for name in certificates.get(scanner, ())}
    every = all(certificates.get(scanner) for scanner in group.scanners)
    if len(named) != 1 or not every or group.trusted:
        return None
    [name] = named
    _domain(name.removeprefix("*."))
    return name


def _unfit(group: Group) -> str | None:
    """Why the networks of a group cannot be those of a connector."""
    nets = [net for net in group.networks if isinstance(net, IPv4Network)]
    if not nets:
        return "its networks are IPv6 only, and Microsoft takes none"
    count = sum(1 << max(0, _LONGEST - net.prefixlen) for net in nets)
    if count > _MOST_ADDRESSES:
        return f"its networks are {count:,} of /24 and longer; give its certificate"
    return None


def _pieces(networks: Iterable[Network]) -> Iterator[IPv4Network]:
    """The same IPv4 addresses in networks that a connector takes."""
    for net in networks:
        if isinstance(net, IPv4Network):
            yield from net.subnets(new_prefix=max(_LONGEST, net.prefixlen))


def _range(net: IPv4Network) -> str:
    """As a mail flow rule takes it: an address, or the first and the last."""
    return str(net[0]) if net.num_addresses == 1 else f"{net[0]}-{net[-1]}"


def _domain(name: str) -> str:
    if is_normal(name) or normal(name) == name:
        return name
    raise ValueError(f"{name!r} is no domain in its normal spelling")


# -- as PowerShell ------------------------------------------------------------------------------


def _data(made: Sequence[Connector], watched: Sequence[Watch]) -> str:
    lines = chain(
        [
            UNTRIED.rstrip(),
            "# Written by `mxward lockdown microsoft365`. The scripts beside it read it.",
        ],
        ["$Connectors = @("],
        map(_connector, made),
        [")", "$Watches = @("],
        map(_watch, watched),
        [")"],
    )
    return "\n".join(lines) + "\n"


def _connector(made: Connector) -> str:
    certificate = quoted(made.certificate) if made.certificate else "$null"
    return (
        "    @{\n"
        f"        Name = {quoted(made.name)}\n"
        f"        Certificate = {certificate}\n"
        f"        Addresses = {_short_list(made.addresses)}\n"
        f"        Domains = {quoted_list(made.domains, '        ')}\n"
        "    }"
    )


def _watch(watched: Watch) -> str:
    return (
        "    @{\n"
        f"        Name = {quoted(watched.name)}\n"
        f"        Addresses = {_short_list(watched.addresses)}\n"
        f"        Domains = {quoted_list(watched.domains, '        ')}\n"
        "    }"
    )


def _short_list(addresses: Sequence[str]) -> str:
    """`/32` goes without saying."""
    return quoted_list((each.removesuffix("/32") for each in addresses), "        ")
