"""All that an audit has found, put together: the findings in order, the counts, the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mxward.audit.baseline import Baseline, marked
from mxward.audit.changes import Before
from mxward.audit.codes import Code
from mxward.audit.doors import Means, doors
from mxward.audit.findings import Finding, Server, ordered
from mxward.audit.front import Standing
from mxward.audit.further import further
from mxward.audit.judging import Verdict
from mxward.audit.ledger import Ledger
from mxward.audit.listing import Listing
from mxward.audit.waivers import expired
from mxward.networks import Networks

__all__ = ["LIKELY", "NOTHING_OPEN", "OPEN", "PARTIAL", "Against", "Report", "put_together"]

NOTHING_OPEN, OPEN, LIKELY, PARTIAL = 0, 3, 4, 130
"""Exit codes. PARTIAL: it was interrupted before anything open was found."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is told. `started_at` and `finished_at` are seconds since the epoch."""

    findings: Sequence[Finding]
    ledger: Ledger
    started_at: float
    finished_at: float
    probed: bool
    partial: bool = False
    not_looked_at: int = 0  # domains, because it was interrupted
    remarks: Sequence[str] = ()
    only_new: bool = False
    baseline: bool = False
    command: str = "mxward audit"
    config: str = "mxward.toml"
    sources: Sequence[str] = ()

    def shown(self) -> list[Finding]:
        """The findings that are told: all, or those that are new."""
        return [each for each in self.findings if each.new or not self.only_new]

    def servers(self) -> Counter[Verdict]:
        """How many servers have which verdict."""
        return Counter(f.verdict for f in self.findings if f.server and f.verdict)

    def codes(self) -> Counter[Code]:
        """How many findings have which code."""
        return Counter(finding.code for finding in self.findings)

    def standings(self) -> Mapping[Standing, int]:
        """How many domains stand how."""
        return self.ledger.counts()

    def exit_code(self) -> int:
        """3 where a door is open, 4 where one is likely open or not known, 0 where none is."""
        verdicts = {finding.verdict for finding in self.shown()}
        if Verdict.OPEN in verdicts:
            return OPEN
        if self.partial:
            return PARTIAL
        return LIKELY if verdicts & {Verdict.LIKELY, Verdict.UNKNOWN} else NOTHING_OPEN


@dataclass(frozen=True, slots=True)
class Against:
    """What it is compared with."""

    baseline: Baseline | None = None
    before: Mapping[str, Before] = field(default_factory=dict)
    published: Mapping[str, Networks | None] = field(default_factory=dict)


def put_together(
    ledger: Ledger,
    means: Means,
    listed: Listing,
    against: Against,
    *,
    only: Server | None = None,
) -> list[Finding]:
    """All findings in their order. `only`: those of one server, as for a test of it alone."""
    found = [each for each in doors(ledger, means) if only is None or each.server == only]
    if only is None:
        found += further(ledger, against.before, against.published)
        found += _of_listing(listed)
        found += _of_waivers(means)
    return ordered(marked(found, against.baseline))


def _of_listing(listed: Listing) -> Iterator[Finding]:
    for place, text, why in listed.refused:
        what = f"{text!r} {why}" if text else why
        yield Finding(Code.BAD_DOMAIN, f"{place} {text}", f"{place}: {what}")
    if listed.left_out:
        more = f"{listed.left_out:,} more entries are no domains"
        yield Finding(Code.BAD_DOMAIN, "more", more)


def _of_waivers(means: Means) -> Iterator[Finding]:
    for waiver in expired(means.waivers, means.now):
        mend = f"ask {waiver.owner}, then renew it or leave it out"
        text = f"{waiver.place}: over: {mend} ({waiver.note})"
        yield Finding(Code.WAIVER, waiver.place, text)
