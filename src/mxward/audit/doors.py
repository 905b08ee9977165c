"""Findings by server: one row for each, for one mend closes the doors of many domains."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mxward.audit.codes import Code
from mxward.audit.findings import AtServer, Finding
from mxward.audit.fixes import Fix, Group, fixes
from mxward.audit.judging import TOLD, At, How, Verdict
from mxward.audit.ledger import Entry, Ledger
from mxward.audit.waivers import Waiver, accepted
from mxward.networks import Networks

__all__ = ["Means", "doors"]

_MOST_NAMED = 5
_MOST_LEADS = 200  # domains of one server of which the ways there are told
_CODES = {
    Verdict.OPEN: Code.OPEN,
    Verdict.LIKELY: Code.LIKELY,
    Verdict.UNKNOWN: Code.UNPROVEN,
    Verdict.CLOSED: Code.CLOSED,
}


@dataclass(frozen=True, slots=True)
class Means:
    """What findings are made with. `command` is what tests a server again, without the server."""

    now: float
    waivers: Sequence[Waiver] = ()
    command: tuple[str, ...] = ("mxward", "audit", "--probe")


def doors(ledger: Ledger, means: Means) -> Iterator[Finding]:
    """A finding for each server."""
    for entry in ledger.entries():
        yield _finding(ledger, entry, means)


def _finding(ledger: Ledger, entry: Entry, means: Means) -> Finding:
    server = entry.server
    at = [_at(ledger, entry, domain, n, means) for n, domain in enumerate(sorted(entry.at))]
    worst = min((each.at for each in at), key=lambda a: list(Verdict).index(a.verdict))
    concerned = tuple(each.domain for each in at if each.at.verdict is worst.verdict)
    hows = dict.fromkeys(each.at.how for each in at if each.at.verdict is worst.verdict)
    waiver = next((each.waiver for each in at if each.waiver), None)
    waived = waiver if worst.verdict is Verdict.ACCEPTED else None
    code = _code(worst, entry, concerned)
    opens = worst.verdict in (Verdict.OPEN, Verdict.LIKELY)
    return Finding(
        code=code,
        subject=str(server),
        text=_text(str(server), concerned, list(hows), waived),
        domains=concerned,
        verdict=worst.verdict,
        server=server,
        at=tuple(at),
        service=entry.service,
        evidence=entry.evidence,
        fixes=_fixes(ledger, entry, concerned) if opens else (),
        retest=_retest(str(server), concerned, means) if server.address else "",
        waiver=waived,
    )


def _at(ledger: Ledger, entry: Entry, domain: str, number: int, means: Means) -> AtServer:
    found, server = entry.at[domain], entry.server
    leads = ledger.leads(domain, server.address) if number < _MOST_LEADS else ()
    if found.verdict is Verdict.CLOSED:
        return AtServer(domain, found, leads)
    waiver = accepted(means.waivers, server.address, server.port, domain, means.now)
    at = At(Verdict.ACCEPTED, found.how) if waiver else found
    return AtServer(domain, at, leads, waiver)


def _code(worst: At, entry: Entry, concerned: Sequence[str]) -> Code:
    """That of the door as it is; a waiver does not make another finding of it."""
    if entry.server.address is None:
        return Code.ENDPOINT
    found = [entry.at[domain] for domain in concerned]
    real = min((each.verdict for each in found), key=list(Verdict).index)
    if real is Verdict.UNKNOWN and all(each.how is How.OUTSIDE for each in found):
        return Code.OUTSIDE
    return _CODES[real]


def _text(server: str, domains: Sequence[str], hows: Sequence[How], waiver: Waiver | None) -> str:
    names = ", ".join(domains[:_MOST_NAMED])
    more = f" and {len(domains) - _MOST_NAMED:,} more" if len(domains) > _MOST_NAMED else ""
    told = "; or ".join(TOLD[how] for how in hows)
    word = f"; accepted by {waiver.owner}: {waiver.note}" if waiver else ""
    return f"{server}: {told} ({names}{more}){word}"


def _fixes(ledger: Ledger, entry: Entry, domains: Sequence[str]) -> tuple[Fix, ...]:
    by_scanners: dict[tuple[str, ...], list[str]] = {}
    for domain in domains:
        by_scanners.setdefault(ledger.domains[domain].scanners, []).append(domain)
    groups = [
        Group(scanners, tuple(some), _networks(ledger, scanners))
        for scanners, some in sorted(by_scanners.items())
    ]
    return fixes(groups, entry.server.address)


def _networks(ledger: Ledger, scanners: Sequence[str]) -> Networks:
    """Where all of them deliver from; empty where that is not known of one."""
    found = Networks()
    for name in scanners:
        if not ledger.premises.delivers_from(name):
            return Networks()
        found |= ledger.premises.place_of(name)
    return found


def _retest(server: str, domains: Sequence[str], means: Means) -> str:
    named = domains if len(domains) <= _MOST_NAMED else ()
    return shlex.join([*means.command, "--server", server, *named])
