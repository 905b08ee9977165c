"""What programs read: JSON, JSON lines, CSV, SARIF, metrics. By their own readers."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mxward.audit.as_data import as_csv, as_json, as_jsonl
from mxward.audit.as_prometheus import as_prometheus
from mxward.audit.as_sarif import as_sarif
from mxward.audit.baseline import SCHEMA
from mxward.audit.codes import Code
from mxward.audit.report import Report
from tests.audit.world import Case

GIVEN = """\
it.co.za MX 10 mx.scanner.example
it.co.za MX 20 mail.provider.example
two.example MX 10 mx.scanner.example
own.example MX 10 mail.provider.example
mx.scanner.example A 198.51.100.1
mail.provider.example A 192.0.2.25
www.two.example A 203.0.113.80
mail.two.example A 192.0.2.26
@probe 192.0.2.25:25 it.co.za accepted catch_all=yes
@probe 192.0.2.25:25 two.example accepted stranger=recipient
@probe 192.0.2.25:587 it.co.za refused about=login
@probe 192.0.2.26:25 two.example accepted catch_all=yes
@waive server=192.0.2.26
@listed =cmd@it.co.za
"""


@pytest.fixture
def report() -> Report:
    return Case.read(GIVEN).report(remarks=["a remark"], config="etc/mxward.toml")


def test_json(report: Report) -> None:
    told = json.loads("".join(as_json(report)))
    assert told["schema"] == SCHEMA
    assert (told["exit_code"], told["probed"], told["partial"]) == (3, True, False)
    assert told["probed_from"] == ["203.0.113.250"]
    assert told["servers"] == {"OPEN": 1, "LIKELY": 0, "UNKNOWN": 1, "ACCEPTED": 1, "CLOSED": 1}
    assert told["standings"]["fronted"] == 2
    assert told["started_at"] == "2026-11-30T00:53:20Z"
    first = told["findings"][0]
    assert (first["verdict"], first["server"]) == ("OPEN", {"host": "192.0.2.25", "port": 25})
    assert first["domains"] == ["it.co.za", "two.example"]
    assert [(at["domain"], at["how"]) for at in first["at"]] == [
        ("it.co.za", "catch-all"),
        ("two.example", "accepted"),
    ]
    assert first["at"][0]["leads"] == ["MX mail.provider.example", "the configuration"]
    assert [fix["of"] for fix in first["fixes"]] == ["Exim", "Postfix", "nftables"]
    assert first["retest"] == "mxward audit --probe --server 192.0.2.25:25 it.co.za two.example"
    (waived,) = [each["waiver"] for each in told["findings"] if each["waiver"]]
    assert waived["owner"] == "anna"
    assert [domain["domain"] for domain in told["domains"]] == sorted(
        ["it.co.za", "own.example", "two.example"]
    )


def test_json_of_nothing() -> None:
    told = json.loads("".join(as_json(Case().report())))
    assert (told["findings"], told["domains"], told["exit_code"]) == ([], [], 0)


def test_json_lines_tell_the_same(report: Report) -> None:
    whole = json.loads("".join(as_json(report)))
    lines = [json.loads(line) for line in "".join(as_jsonl(report)).splitlines()]
    parts: dict[str, list[dict[str, Any]]] = {"summary": [], "finding": [], "domain": []}
    for line in lines:
        parts[line.pop("is")].append(line)
    assert parts["finding"] == whole.pop("findings")
    assert parts["domain"] == whole.pop("domains")
    assert parts["summary"] == [whole]


def test_csv(report: Report) -> None:
    text = as_csv(report)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(report.findings)
    assert (rows[0]["verdict"], rows[0]["server"], rows[0]["domains"]) == (
        "OPEN",
        "192.0.2.25:25",
        "2",
    )
    for line in csv.reader(io.StringIO(text)):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line), "a formula"


def test_csv_of_a_waiver_that_is_a_formula() -> None:
    case = Case.read(GIVEN)
    case.waivers = [replace(waiver, owner="=HYPERLINK(1)") for waiver in case.waivers]
    owners = {row["owner"] for row in csv.DictReader(io.StringIO(as_csv(case.report())))}
    assert owners == {"", "'=HYPERLINK(1)"}


def test_prometheus_reads_the_metrics(report: Report) -> None:
    text = as_prometheus(report)
    samples = {
        (sample.name.removeprefix("mxward_audit_"), *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["servers", "OPEN"] == 1
    assert samples["doors", "OPEN"] == 2
    assert samples["domains", "fronted"] == 2
    assert samples["findings", "MXW-BACKUP-MX", "high"] == 1
    assert samples["open_server_domains", "192.0.2.25:25", "OPEN"] == 2
    assert samples["complete",] == 1
    assert {family.type for family in text_string_to_metric_families(text)} == {"gauge"}
    assert text.count("# HELP") == text.count("# TYPE")


# -- SARIF ----------------------------------------------------------------------------------------

LEVELS = {"none", "note", "warning", "error"}
KINDS = {"pass", "open", "informational", "notApplicable", "review", "fail"}
STATES = {"new", "unchanged", "updated", "absent"}
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def check(log: Any) -> None:
    """What the specification (SARIF 2.1.0, sections 3.13 to 3.58) asks of the parts that we use."""
    assert set(log) <= {"$schema", "version", "runs", "inlineExternalProperties", "properties"}
    assert log["version"] == "2.1.0"  # 3.13.2
    for run in log["runs"]:
        driver = run["tool"]["driver"]  # 3.14.6, 3.18.2
        assert isinstance(driver["name"], str) and driver["name"]  # 3.19.8
        rules = [rule["id"] for rule in driver["rules"]]
        assert len(set(rules)) == len(rules)  # 3.19.23: unique
        for rule in driver["rules"]:
            assert isinstance(rule["shortDescription"]["text"], str)
            assert rule["defaultConfiguration"]["level"] in LEVELS
        for invocation in run["invocations"]:
            assert isinstance(invocation["executionSuccessful"], bool)  # 3.20.14: required
            assert UTC.fullmatch(invocation["startTimeUtc"])
            assert UTC.fullmatch(invocation["endTimeUtc"])
            for notice in invocation["toolExecutionNotifications"]:
                assert notice["message"]["text"] and notice["level"] in LEVELS
        for result in run["results"]:
            check_result(result, rules)


def check_result(result: Any, rules: list[str]) -> None:
    assert result["message"]["text"]  # 3.27.11: required
    assert rules[result["ruleIndex"]] == result["ruleId"]  # 3.27.6
    assert result["kind"] in KINDS and result["level"] in LEVELS
    assert (result["kind"] == "fail") == (result["level"] != "none")  # 3.27.10
    assert result.get("baselineState", "new") in STATES
    for suppression in result.get("suppressions", []):
        assert suppression["kind"] in {"inSource", "external"}  # 3.35.2
        assert suppression["status"] in {"accepted", "underReview", "rejected"}
    for place in result["locations"]:
        physical = place["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", physical["artifactLocation"]["uri"])
        assert physical["region"]["startLine"] >= 1  # 3.30.5
        assert all(each["fullyQualifiedName"] for each in place["logicalLocations"])
    assert all(isinstance(v, str) for v in result["partialFingerprints"].values())  # 3.27.17


def test_sarif(report: Report) -> None:
    log = json.loads(as_sarif(report))
    check(log)
    (run,) = log["runs"]
    by_subject = {
        result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]: result
        for result in run["results"]
    }
    servers = [finding for finding in report.findings if finding.server]
    assert len(run["results"]) == len(report.findings)
    assert {str(each.server) for each in servers} <= set(by_subject), "one result for each server"
    kinds = {name: (r["kind"], r["level"]) for name, r in by_subject.items()}
    assert kinds["192.0.2.25:25"] == ("fail", "error")
    assert kinds["203.0.113.80:25"] == ("open", "none")
    assert kinds["192.0.2.25:587"] == ("pass", "none")
    assert [s["kind"] for s in by_subject["192.0.2.26:25"]["suppressions"]] == ["external"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [c.value for c in Code]


@pytest.mark.parametrize("config", ["/etc/mxward/mxward.toml", "a folder/é.toml"])
def test_sarif_with_odd_paths(config: str) -> None:
    check(json.loads(as_sarif(Case.read(GIVEN).report(config=config, baseline=True))))
