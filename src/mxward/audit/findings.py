"""One finding: what it is about, for which domains, and the order in which findings are told.

Its id is made of its code and what it is about, so it is the same in every run and whatever else
was found; that a door which was likely open now is open is another finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from mxward.audit.codes import KINDS, Code, Severity
from mxward.audit.fixes import Fix
from mxward.audit.judging import At, Verdict
from mxward.audit.waivers import Waiver
from mxward.networks import Address

__all__ = ["AtServer", "Finding", "Server", "ordered"]


@dataclass(frozen=True, slots=True)
class Server:
    """One end where mail may be taken; without an address it is known by its name only."""

    host: str
    port: int
    address: Address | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class AtServer:
    """What a server does with one domain's mail, and by which names one gets there."""

    domain: str
    at: At
    leads: tuple[str, ...] = ()
    waiver: Waiver | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """`domains` are those that it is about: of a server, those that one fix would close."""

    code: Code
    subject: str
    text: str
    domains: tuple[str, ...] = ()
    verdict: Verdict | None = None  # of a door
    server: Server | None = None
    at: tuple[AtServer, ...] = ()  # all domains of a server
    service: str = ""  # whose server it is, by what it shows
    evidence: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    retest: str = ""
    waiver: Waiver | None = None
    new: bool = True

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits."""
        return sha256(f"{self.code}\n{self.subject}".encode()).hexdigest()[:12]

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return KINDS[self.code].severity


_VERDICTS = (*Verdict, None)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Doors first, the worst first, then those where one fix closes most domains."""
    return sorted(findings, key=_key)


def _key(finding: Finding) -> tuple[int, int, int, str, int, int, str]:
    shown = finding.verdict
    if shown in (Verdict.ACCEPTED, Verdict.CLOSED):
        group = len(_VERDICTS) + _VERDICTS.index(shown)  # told last
    else:
        group = _VERDICTS.index(shown)
    severity = 0 if shown else list(Severity).index(finding.severity)
    server = finding.server.address if finding.server else None
    version, number = (server.version, int(server)) if server else (0, 0)
    return (
        group,
        severity,
        -len(finding.domains),
        finding.code,
        version,
        number,
        finding.subject,
    )
