"""What is known of all domains and servers, gathered in whatever order it comes.

A domain costs a few hundred octets here, for equal parts are kept once: a hundred thousand fit. A
server's evidence is one transcript, of its worst verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from mxward.audit.findings import Server
from mxward.audit.front import Standing
from mxward.audit.judging import At, How, Verdict, judge, unprobed
from mxward.audit.leads import Candidate, Lead
from mxward.audit.premises import Premises
from mxward.audit.services import Service
from mxward.audit.survey import Surveyed
from mxward.networks import Address
from mxward.smtp.probed import Answered, Probed

__all__ = ["MAIL", "Entry", "Ledger"]

_T = TypeVar("_T")

MAIL = 25
"""The port at which a server is known of before it was probed."""

_WEIGHTS = (Verdict.OPEN, Verdict.LIKELY, Verdict.CLOSED, Verdict.UNKNOWN, Verdict.ACCEPTED)


@dataclass(slots=True)
class Entry:
    """One server: what it does with the mail of each domain."""

    server: Server
    at: dict[str, At] = field(default_factory=dict)
    service: str = ""  # whose it is, by what it has shown
    evidence: tuple[str, ...] = ()
    _shown: tuple[int, str] = (99, "")  # of which verdict and domain the evidence is

    def show(self, at: At, domain: str, transcript: tuple[str, ...]) -> None:
        """Keep the transcript, if it tells of something worse than the one that is kept."""
        rank = (list(Verdict).index(at.verdict), domain)
        if transcript and rank < self._shown:
            self._shown, self.evidence = rank, transcript


class Ledger:
    """Domains by name, servers by their end."""

    def __init__(self, premises: Premises) -> None:
        self.premises = premises
        self.domains: dict[str, Surveyed] = {}
        self.servers: dict[tuple[str, int], Entry] = {}
        self.sources: set[Address] = set()  # where it was probed from
        self.probed: set[Address] = set()  # servers that were asked
        self._same: dict[object, object] = {}
        self._leads: dict[str, dict[Address, tuple[Lead, ...]]] = {}

    # -- what is known of domains --------------------------------------------------------------

    def add(self, found: Surveyed) -> None:
        """A domain, with all that the DNS shows of it. Adding it again changes nothing."""
        if found.domain in self.domains:
            return
        kept = self._shared(found)
        self.domains[kept.domain] = kept
        for candidate in kept.candidates:
            self._expect(kept.domain, candidate)
        if kept.endpoint:
            entry = self._entry(Server(kept.endpoint, MAIL))
            entry.service = "microsoft365"
            entry.at[kept.domain] = self._once(At(Verdict.LIKELY, How.ENDPOINT))

    def _expect(self, domain: str, candidate: Candidate) -> None:
        entry = self._entry(_server(candidate.address, MAIL))
        entry.at.setdefault(domain, self._once(self._unprobed(candidate)))

    def _unprobed(self, candidate: Candidate) -> At:
        mine = self.premises.is_mine(candidate.address)
        server = candidate.address in self.premises.servers
        return unprobed(candidate.leads, server=server, mine=mine)

    def targets(self) -> dict[Address, list[str]]:
        """What may be probed: the operator's own addresses, each with its domains, in order."""
        found: dict[Address, list[str]] = {}
        for domain in sorted(self.domains):
            for candidate in self.domains[domain].candidates:
                if self.premises.is_mine(candidate.address):
                    found.setdefault(candidate.address, []).append(domain)
        return found

    def strangers(self) -> dict[Address, str]:
        """Addresses that may not be probed, each with a name that leads there."""
        found: dict[Address, str] = {}
        for domain in sorted(self.domains):
            for candidate in self.domains[domain].candidates:
                if not self.premises.is_mine(candidate.address):
                    found.setdefault(candidate.address, candidate.leads[0].told(domain))
        return found

    def leads(self, domain: str, address: Address | None) -> tuple[str, ...]:
        """By which names one gets from a domain to an address."""
        known = self.domains.get(domain)
        for candidate in known.candidates if known else ():
            if candidate.address == address:
                return tuple(lead.told(domain) for lead in candidate.leads)
        return ()

    # -- what servers did ----------------------------------------------------------------------

    def heard(self, probed: Probed) -> None:
        """What one server did with one domain that was added before.

        Of two words on the same the one that tells more counts, whichever comes first.
        """
        if probed.domain not in self.domains or probed.answered is Answered.NOT_ASKED:
            return
        self.probed.add(probed.server)
        if probed.source is not None:
            self.sources.add(probed.source)
        entry = self._entry(_server(probed.server, probed.port))
        service = self._service_of(probed)
        if service is not None:
            entry.service = min(filter(None, (entry.service, service.name)))
        at = self._once(judge(probed, service.name if service else ""))
        domain = self.domains[probed.domain].domain
        before = entry.at.get(domain)
        if before is None or _weight(at) < _weight(before):
            entry.at[domain] = at
        entry.show(at, probed.domain, probed.transcript)

    def _service_of(self, probed: Probed) -> Service | None:
        return self.premises.services.by_shown(probed.certificate, probed.banner)

    def entries(self) -> Iterator[Entry]:
        """All servers, in order."""
        for key in sorted(self.servers):
            yield self.servers[key]

    def counts(self) -> Mapping[Standing, int]:
        """How many domains stand how."""
        found = dict.fromkeys(Standing, 0)
        for known in self.domains.values():
            found[known.standing] += 1
        return found

    # -- kept once -----------------------------------------------------------------------------

    def _entry(self, server: Server) -> Entry:
        key = (server.host, server.port)
        if key not in self.servers:
            self.servers[key] = Entry(server)
        return self.servers[key]

    def _shared(self, found: Surveyed) -> Surveyed:
        candidates = tuple(
            Candidate(self._once(each.address), self._once(each.leads)) for each in found.candidates
        )
        return replace(
            found,
            hosts=self._once(found.hosts),
            scanners=self._once(found.scanners),
            candidates=self._once(candidates),
        )

    def _once(self, value: _T) -> _T:
        return cast(_T, self._same.setdefault(value, value))


def _weight(at: At) -> int:
    """What is proven goes before what is not known, and that before what was not asked."""
    if at.how in (How.MAIL_SERVER, How.OWN_HOST, How.OUTSIDE):
        return len(_WEIGHTS)
    return _WEIGHTS.index(at.verdict)


def _server(address: Address, port: int) -> Server:
    return Server(str(address), port, address)
