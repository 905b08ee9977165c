"""What was known before: read back from a report, and what is new to it."""

from __future__ import annotations

import json

import pytest

from mxward.audit.as_data import as_json
from mxward.audit.baseline import marked, read
from mxward.audit.report import NOTHING_OPEN, OPEN
from tests.audit.world import FRONTED, Case

OPENED = FRONTED + "@probe 192.0.2.25:25 it.co.za accepted catch_all=yes\n"
MORE = (
    OPENED
    + "two.example MX 10 mx.scanner.example\n"
    + "@probe 192.0.2.25:25 two.example accepted catch_all=yes\n"
)


def written(case: Case) -> object:
    return json.loads("".join(as_json(case.report())))


def new(before: Case, after: Case) -> list[tuple[str, bool]]:
    findings = marked(after.findings(), read(written(before)))
    return [(finding.code.value, finding.new) for finding in findings]


def test_what_is_the_same_is_not_new() -> None:
    assert new(Case.read(OPENED), Case.read(OPENED)) == [("MXW-OPEN-BACK-DOOR", False)]


def test_a_door_that_was_likely_and_is_open_is_new() -> None:
    assert new(Case.read(FRONTED), Case.read(OPENED)) == [("MXW-OPEN-BACK-DOOR", True)]


def test_one_more_domain_behind_an_open_door_is_new() -> None:
    assert new(Case.read(OPENED), Case.read(MORE)) == [("MXW-OPEN-BACK-DOOR", True)]
    assert new(Case.read(MORE), Case.read(OPENED)) == [("MXW-OPEN-BACK-DOOR", False)]


def test_only_what_is_new_is_told_and_counts() -> None:
    before = read(written(Case.read(OPENED)))
    case = Case.read(OPENED)
    findings = list(marked(case.findings(), before))
    report = case.report(findings=findings, only_new=True, baseline=True)
    assert (report.shown(), report.exit_code()) == ([], NOTHING_OPEN)
    assert case.report(findings=findings, baseline=True).exit_code() == OPEN


def test_front_doors_come_back() -> None:
    case = Case.read(FRONTED + "lost.example MX !\n")
    fronts = read(written(case)).fronts
    assert set(fronts) == {"it.co.za"}  # what could not be looked up is nothing to compare with
    assert fronts["it.co.za"].hosts == {"mx.scanner.example"}
    assert fronts["it.co.za"].addresses == {"198.51.100.1"}
    assert fronts["it.co.za"].scanners == {"scanner"}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([], "no JSON report of mxward audit"),
        ({"findings": []}, "no JSON report of mxward audit"),
        (
            {"schema": "mxward-audit/2"},
            "a report of the form 'mxward-audit/2', not 'mxward-audit/1'",
        ),
        ({"schema": "mxward-audit/1"}, "a broken JSON report of mxward audit"),
        ({"schema": "mxward-audit/1", "findings": [{}], "domains": []}, "a broken JSON report"),
        ({"schema": "mxward-audit/1", "findings": [7], "domains": []}, "a broken JSON report"),
        ({"schema": "mxward-audit/1", "findings": [], "domains": [{"mx": 1}]}, "a broken JSON"),
    ],
)
def test_what_is_no_report(told: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(told)
