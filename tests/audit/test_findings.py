"""Each kind of finding, by a DNS and answers that a person can read: golden/audit/findings.txt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mxward.audit.codes import KINDS, Code
from mxward.audit.findings import Finding
from mxward.model import Scanner
from tests.audit.world import FRONTED, Case

GOLDEN = Path(__file__).parents[1] / "golden" / "audit" / "findings.txt"
TEXT = GOLDEN.read_text()
ELSEWHERE = {Code.MX_MANY, Code.UNCOVERED}
"""Those that need more than a few lines: their tests are below."""


def cases() -> Iterator[object]:
    """A title, what is given, `--`, what is found."""
    for block in TEXT.split("== ")[1:]:
        title, _, rest = block.partition("\n")
        given, _, expected = rest.partition("--\n")
        yield pytest.param(given, expected.strip().split("\n"), id=title)


def line(finding: Finding) -> str:
    verdict = finding.verdict.value if finding.verdict else "-"
    domains = " ".join(finding.domains)
    shown = () if finding.server else finding.evidence
    told = " | ".join((finding.text, *shown))
    return f"{finding.severity} {finding.code} {finding.subject} {verdict} [{domains}] {told}"


@pytest.mark.parametrize(("given", "expected"), list(cases()))
def test_what_is_found(given: str, expected: list[str]) -> None:
    assert list(map(line, Case.read(given).findings())) == expected


def test_each_code_has_a_case() -> None:
    assert set(KINDS) == set(Code)
    assert {code for code in Code if f" {code} " in TEXT} == set(Code) - ELSEWHERE


def test_mxw_mx_many() -> None:
    hosts = [f"it.co.za MX {n} mx{n}.scanner.example" for n in range(500)]
    addresses = [f"mx{n}.scanner.example A 198.51.100.1" for n in range(500)]
    case = Case.read("\n".join([*hosts, *addresses, "@probe 192.0.2.25:25 it.co.za unreached"]))
    assert list(map(line, case.findings())) == [
        "low MXW-MX-MANY it.co.za UNKNOWN [it.co.za] 500 hosts in the MX; the best 50 were looked "
        "at",
        "note MXW-CLOSED 192.0.2.25:25 CLOSED [it.co.za] 192.0.2.25:25: nobody listens there "
        "(it.co.za)",
    ]


def test_mxw_uncovered_mx() -> None:
    """A host of the same service whose name the declared suffixes do not cover."""
    case = Case.read("it.co.za MX 10 us.vendor.example\nus.vendor.example A 203.0.113.5")
    mine = Scanner("mine", mx=("eu.vendor.example",))
    case.premises = replace(case.premises, scanners={"mine": mine})
    (finding,) = [each for each in case.findings() if each.code is Code.UNCOVERED]
    assert line(finding) == (
        "medium MXW-UNCOVERED-MX us.vendor.example - [it.co.za] us.vendor.example is a host of "
        "vendor as well, but scanners.mine.mx covers only eu.vendor.example: nothing is enforced "
        "for domains behind it"
    )


def test_an_id_is_of_what_it_is_about() -> None:
    """Never change these: operators keep them in baselines."""
    ids = {f.code: f.id for f in Case.read(FRONTED).findings()}
    assert ids == {Code.LIKELY: "cc28174b940a"}
