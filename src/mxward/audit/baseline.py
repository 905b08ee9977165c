"""What was known before, and what is new: a finding, or a domain that it was not about before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mxward.audit.changes import Before
from mxward.audit.findings import Finding

__all__ = ["SCHEMA", "Baseline", "marked", "read"]

SCHEMA = "mxward-audit/1"
"""What a JSON report says it is. The number grows when a reader of the older would go wrong."""


class Baseline:
    """The findings of an earlier report, by id, and the front doors that it tells of."""

    def __init__(
        self, domains: Mapping[str, frozenset[str]], fronts: Mapping[str, Before] | None = None
    ) -> None:
        self._domains = dict(domains)
        self.fronts = dict(fronts or {})

    def knows(self, finding: Finding) -> bool:
        """Whether it was found before, for all of its domains."""
        known = self._domains.get(finding.id)
        return known is not None and known.issuperset(finding.domains)


def read(told: Any) -> Baseline:
    """An earlier JSON report. Raises ValueError, in a few words, where it is none."""
    if not isinstance(told, dict) or "schema" not in told:
        raise ValueError("no JSON report of mxward audit")
    if told["schema"] != SCHEMA:
        raise ValueError(f"a report of the form {str(told['schema'])[:40]!r}, not {SCHEMA!r}")
    try:
        domains = {
            str(each["id"]): frozenset(map(str, each["domains"])) for each in told["findings"]
        }
        return Baseline(domains, dict(_fronts(told["domains"])))
    except (KeyError, TypeError, AttributeError):
        raise ValueError("a broken JSON report of mxward audit") from None


def _fronts(told: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Before]]:
    """Those of domains that were seen whole."""
    for each in told:
        hosts = [host for host in each["mx"] if host["addresses"]]
        lost = each["standing"] == "unknown" or any(h["part"] == "unknown" for h in each["mx"])
        if not lost:
            yield (
                str(each["domain"]),
                Before(
                    frozenset(str(host["name"]) for host in hosts),
                    frozenset(str(address) for host in hosts for address in host["addresses"]),
                    frozenset(map(str, each["scanners"])),
                ),
            )


def marked(findings: Iterable[Finding], baseline: Baseline | None) -> Iterator[Finding]:
    """The findings, each saying whether it is new."""
    for finding in findings:
        if baseline is not None and baseline.knows(finding):
            yield replace(finding, new=False)
        else:
            yield finding
