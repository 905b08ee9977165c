"""The five ways to shut the back door, side by side, in numbers from the operator's own logs.

What a log cannot tell is not guessed: by which of its names a client has found the mail server
stands nowhere, so what dropping A records stops is a bound, and which names lead there is asked of
the DNS now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mxward.model import FrontDoor, Rules
from mxward.networks import Network, Networks
from mxward.reports.engine import Engine
from mxward.reports.lent import ranges
from mxward.reports.page import counted

__all__ = ["FEW_DOMAINS", "Comparison", "Leading", "Way", "compare", "fronted_by"]

Leading = Mapping[str, Collection[str]]
"""By domain: the guessable names that lead to the mail server now."""

Doors = Mapping[str, Sequence[FrontDoor]]
"""By domain: its front doors in the time of the logs, the newest last."""

FEW_DOMAINS = 20
"""So many domains can be looked after by hand."""

_BY_HAND = {
    "accept rules": "who may deliver for each domain, whenever a scanner moves",
    "firewall": "the scanners' networks and every honest direct sender, on every server",
    "drop A records": "every new name that leads to the server, for every domain",
    "move the server": "the new name must stay secret; bounces, SPF records and certificates "
    "give it away",
    "proxy": "nothing by domain; who is trusted",
}


@dataclass(frozen=True, slots=True)
class Way:
    """What one way does to the mail of these logs. Counts are of recipients; None is not asked."""

    name: str
    stopped: int | None  # of the back-door mail of clients that nobody trusts
    share: float | None  # of it, from 0 to 1
    at_most: bool  # the log tells a bound only
    honest_lost: int | None
    domains: int  # that must be changed
    records: int | None  # of the DNS, that must be changed
    left_open: str
    by_hand: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The five ways, and what to do."""

    back: int  # recipients by the back door, of clients that nobody trusts
    honest: int  # of them, from clients that look honest
    fronted: int  # domains in these logs that a scanner stands in front of
    looked_up: bool  # whether the names that lead to the server are known
    ways: tuple[Way, ...]
    recommended: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Mail:
    back: int
    honest: int
    by_domain: Mapping[str, tuple[int, int]]  # back-door recipients, and the honest of them
    firewall_stops: int
    firewall_loses: int
    firewall_open: int


def fronted_by(doors: Doors) -> frozenset[str]:
    """The domains that a scanner stands in front of."""
    return frozenset(domain for domain, over in doors.items() if over and over[-1].scanners)


def compare(engine: Engine, rules: Rules, doors: Doors, leading: Leading | None) -> Comparison:
    """Compare, once `judged`, `back` and `honest` are there. Raises EngineError.

    `leading` is None where nobody has asked the DNS.
    """
    fronted = fronted_by(doors)
    engine.lend("let_in", ranges(_let_in(rules, doors)))
    mail = _mail(engine)
    ways = (
        _accept_rules(mail, fronted),
        _firewall(mail),
        _drop_records(mail, fronted, leading),
        _move(mail, fronted, leading),
        _proxy(mail),
    )
    recommended, reasons = _recommend(mail, len(fronted))
    return Comparison(
        mail.back, mail.honest, len(fronted), leading is not None, ways, recommended, reasons
    )


def _mail(engine: Engine) -> _Mail:
    domains: dict[str, tuple[int, int]] = {}
    for row in engine.ask("back_by_domain").to_pylist():
        if not row["trusted"]:
            back, honest = domains.get(row["domain"], (0, 0))
            count = row["recipients"]
            domains[row["domain"]] = (back + count, honest + count * row["honest"])
    stops: Counter[str] = Counter()
    for row in engine.ask("firewall").to_pylist():
        count = row["recipients"]
        if row["door"] == "back" and row["reason"] != "trusted":
            stops["stops" if row["stopped"] else "open"] += count
            stops["loses"] += count * (row["honest"] and row["stopped"])
        elif row["stopped"]:  # nobody's back door: own domains, authenticated, trusted by name
            stops["loses"] += count
    return _Mail(
        back=sum(back for back, _ in domains.values()),
        honest=sum(honest for _, honest in domains.values()),
        by_domain=domains,
        firewall_stops=stops["stops"],
        firewall_loses=stops["loses"],
        firewall_open=stops["open"],
    )


# -- the five ways ------------------------------------------------------------------------------


def _accept_rules(mail: _Mail, fronted: Collection[str]) -> Way:
    return _way(mail, "accept rules", mail.back, mail.honest, len(fronted), 0, left_open="none")


def _firewall(mail: _Mail) -> Way:
    left = f"scanners' clients for other domains: {counted(mail.firewall_open, 'recipient')}"
    return _way(
        mail,
        "firewall",
        mail.firewall_stops,
        mail.firewall_loses,
        0,
        0,
        left_open=left if mail.firewall_open else "one scanner's other customers",
    )


def _drop_records(mail: _Mail, fronted: Collection[str], leading: Leading | None) -> Way:
    if leading is None:
        return _way(mail, "drop A records", None, None, len(fronted), None, left_open="not asked")
    bare = [domain for domain in fronted if domain in leading.get(domain, ())]
    others = Counter(
        name.removesuffix(domain) or domain
        for domain in fronted
        for name in leading.get(domain, ())
        if name != domain
    )
    shut = [domain for domain in bare if set(leading[domain]) <= {domain}]
    sums = [mail.by_domain.get(domain, (0, 0)) for domain in shut]
    return _way(
        mail,
        "drop A records",
        sum(back for back, _ in sums),
        sum(honest for _, honest in sums),
        len(bare),
        len(bare),
        left_open=", ".join(
            f"{name} for {counted(count, 'domain')}"
            for name, count in sorted(others.items(), key=lambda item: (-item[1], item[0]))[:3]
        )
        or "none of the names that were tried",
        at_most=True,
    )


def _move(mail: _Mail, fronted: Collection[str], leading: Leading | None) -> Way:
    records = None
    if leading is not None:
        records = sum(len(leading.get(domain, ())) for domain in fronted)
    return _way(
        mail,
        "move the server",
        mail.back,
        mail.honest,
        len(fronted),
        records,
        left_open="none, until the new name is found",
        at_most=True,
    )


def _proxy(mail: _Mail) -> Way:
    """By stage reroute: what comes by the back door goes through the scanner, and arrives."""
    return _way(mail, "proxy", mail.back, 0, 0, 0, left_open="none")


def _way(
    mail: _Mail,
    name: str,
    stopped: int | None,
    honest_lost: int | None,
    domains: int,
    records: int | None,
    *,
    left_open: str,
    at_most: bool = False,
) -> Way:
    share = None if stopped is None else (stopped / mail.back if mail.back else 0.0)
    return Way(
        name, stopped, share, at_most, honest_lost, domains, records, left_open, _BY_HAND[name]
    )


def _recommend(mail: _Mail, fronted: int) -> tuple[str, tuple[str, ...]]:
    if not mail.back:
        return "proxy", (
            "nothing came by the back door in these logs, and nothing keeps it shut",
            "stage observe changes nothing for any client, and tells when that changes",
        )
    back, honest = counted(mail.back, "recipient"), counted(mail.honest, "recipient")
    if mail.honest:
        return "proxy", (
            f"{honest} of back-door mail came from clients that look honest: by stage reroute such "
            "mail goes through the scanner and arrives; the other ways lose it",
            f"it stops untrusted back-door mail ({back}) for every domain",
            *_against_firewall(mail),
        )
    if fronted <= FEW_DOMAINS:
        return "accept rules", (
            f"nothing of the back-door mail ({back}) looks honest",
            f"with {counted(fronted, 'domain')} to look after, the mail server can do that itself",
            *_against_firewall(mail),
        )
    return "proxy", (
        f"nothing of the back-door mail ({back}) looks honest: by stage refuse it ends at once",
        f"of {counted(fronted, 'domain')} none has to be touched",
        *_against_firewall(mail),
    )


def _against_firewall(mail: _Mail) -> tuple[str, ...]:
    lost, left = mail.firewall_loses - mail.honest, mail.firewall_open
    told = []
    if lost > 0:
        told.append(
            f"a firewall would also stop mail that is nobody's back door "
            f"({counted(lost, 'recipient')}): it knows no domains"
        )
    if left:
        told.append(
            "a firewall would let in by the back door what one domain's scanner brings for "
            f"another domain ({counted(left, 'recipient')})"
        )
    return tuple(told)


# -- what a firewall lets in --------------------------------------------------------------------


def _let_in(rules: Rules, doors: Doors) -> Networks:
    found: set[Network] = set()
    for trust in rules.trust:
        if trust.network is not None:
            found.add(trust.network)
    for door in {door for over in doors.values() for door in over}:
        if door.scanners:
            found.update((*door.egress, *door.former))
            found.update(_single(door))
    return Networks(found)


def _single(door: FrontDoor) -> Networks:
    return Networks.of(*map(str, door.addresses))
