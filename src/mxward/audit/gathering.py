"""Domains gathered by what is found of them: one finding for each thing, with all its domains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mxward.audit.codes import Code
from mxward.audit.findings import Finding
from mxward.audit.judging import Verdict

__all__ = ["Gathered"]

_SAMPLES = 20
_NOT_KNOWN = frozenset({Code.DNS, Code.MX_MANY})
"""Where these are found, a door may be that was not seen."""


class Gathered:
    """By code and subject. The order in which things are added does not matter."""

    def __init__(self) -> None:
        self._domains: dict[tuple[Code, str], set[str]] = defaultdict(set)
        self._texts: dict[tuple[Code, str], str] = {}
        self._evidence: dict[tuple[Code, str], set[str]] = defaultdict(set)

    def add(self, code: Code, subject: str, text: str, domain: str, evidence: str = "") -> None:
        """`subject` is what it is about, `text` says it in a sentence."""
        key = (code, subject)
        self._domains[key].add(domain)
        self._texts[key] = min(self._texts.get(key, text), text)
        if evidence:
            self._evidence[key].add(evidence)

    def findings(self) -> Iterator[Finding]:
        """One for each code and subject."""
        for (code, subject), domains in self._domains.items():
            key = (code, subject)
            yield Finding(
                code,
                subject,
                self._texts[key],
                tuple(sorted(domains)),
                Verdict.UNKNOWN if code in _NOT_KNOWN else None,
                evidence=tuple(sorted(self._evidence[key])[:_SAMPLES]),
            )
