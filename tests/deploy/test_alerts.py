"""The alert rules: each fires when it should, and none on a quiet day. By Prometheus' promtool."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from mxward import metrics
from mxward.metrics import catalogue
from mxward.metrics.exposition import DERIVED, exposition
from tools import debian_cache

ALERTS = Path(__file__).parents[2] / "deploy" / "alerts.yml"
PROMTOOL = debian_cache.CACHE / "usr/bin/promtool"
TEXT = ALERTS.read_text()
NAMES = re.findall(r"^ +- alert: (\w+)$", TEXT, re.MULTILINE)
EXPRESSIONS = re.findall(r"expr: (.+?)(?=\n +(?:for|labels):)", TEXT, re.DOTALL)

BUSY = {
    'mxward_decisions_total{action="pass",reason="exchange"}': "0+600x60",
    'mxward_decisions_total{action="refuse",reason="back-door"}': "0+600x60",
    'mxward_upstream_connections_total{to="mail-server",how="made"}': "0+600x60",
    'mxward_upstream_connections_total{to="mail-server",how="failed"}': "0+1x60",
    'mxward_upstream_connections_total{to="scanner",how="made"}': "0+60x60",
    'mxward_upstream_connections_total{to="scanner",how="failed"}': "0+1x60",
    'mxward_dns_questions_total{type="MX",state="found"}': "0+60x60",
    'mxward_dns_questions_total{type="MX",state="failed"}': "0+3x60",
    'mxward_limits_total{limit="per_network"}': "0+100x60",
    'mxward_log_lines_total{event="decision"}': "0+1200x60",
}
QUIET = {
    'up{job="mxward"}': "1+0x60",
    "mxward_healthy": "1+0x60",
    "mxward_workers": "2+0x60",
    "mxward_connections_open": "30+0x60",
    "mxward_connections_allowed": "4000+0x60",
    'mxward_decisions_total{action="defer",reason="lookup-failed"}': "0+0x60",
    "mxward_undecided_total": "0+0x60",
    "mxward_worker_restarts_total": "0+0x60",
    'mxward_worker_cpu_seconds_total{worker="0"}': "0+57x60",
    'mxward_worker_cpu_seconds_total{worker="1"}': "0+6x60",
    'mxward_front_doors{state="fresh"}': "900+0x60",
    'mxward_front_doors{state="stale"}': "3+0x60",
    "mxward_certificate_expiry_timestamp_seconds": "7776000+0x60",  # 90 days from the beginning
}
PASSED = {'mxward_decisions_total{action="pass",reason="exchange"}': "0+600x60"}
NOTHING = "0+0x60"
CASES = [
    ("MxwardDown", 3, {'up{job="mxward"}': "0+0x60"}),
    ("MxwardIll", 3, {"mxward_healthy": "0+0x60"}),
    (
        "MxwardMailServerSilent",
        9,
        {
            'mxward_upstream_connections_total{to="mail-server",how="made"}': "50+0x60",
            'mxward_upstream_connections_total{to="mail-server",how="failed"}': "0+9x60",
        },
    ),
    (
        "MxwardScannerSilent",
        16,
        {
            'mxward_upstream_connections_total{to="scanner",how="made"}': NOTHING,
            'mxward_upstream_connections_total{to="scanner",how="failed"}': "0+9x60",
        },
    ),
    (
        "MxwardDoorsUnknown",
        20,
        {**PASSED, 'mxward_decisions_total{action="defer",reason="lookup-failed"}': "0+60x60"},
    ),
    ("MxwardDoorsUnknown", 20, {**PASSED, "mxward_undecided_total": "0+60x60"}),
    (
        "MxwardDnsFailing",
        25,
        {**PASSED, 'mxward_dns_questions_total{type="A",state="failed"}': "0+99x60"},
    ),
    ("MxwardDoorsOld", 60, {'mxward_front_doors{state="stale"}': "200+0x60"}),
    ("MxwardFull", 12, {'mxward_limits_total{limit="connections"}': "0+1x60"}),
    ("MxwardBackDoorFull", 12, {'mxward_limits_total{limit="reserved"}': "0+1x60"}),
    ("MxwardNearlyFull", 15, {"mxward_connections_open": "3300+0x60"}),
    ("MxwardDropped", 16, {'mxward_dropped_total{what="log-line"}': "0+1x60"}),
    ("MxwardWorkerDied", 16, {"mxward_worker_restarts_total": "0+0x10 1+0x50"}),
    ("MxwardWorkersBusy", 25, {'mxward_worker_cpu_seconds_total{worker="1"}': "0+58x60"}),
    ("MxwardInsideFailure", 16, {'mxward_log_lines_total{event="failure"}': "0+1x60"}),
    ("MxwardNeedsAWord", 16, {'mxward_log_lines_total{event="loop"}': "0+0x5 1+0x50"}),
    (
        "MxwardReloadRefused",
        16,
        {'mxward_reloads_total{what="inventory",result="refused"}': "0+0x5 1+0x50"},
    ),
    ("MxwardCertificateEnds", 16, {"mxward_certificate_expiry_timestamp_seconds": "86400+0x60"}),
]


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROMTOOL, *arguments], text=True, capture_output=True, timeout=120)


def rule_test(minutes: int, series: Mapping[str, str], firing: str | None) -> dict[str, object]:
    """Which alert fires after so many minutes of these series of one instance, and no other."""
    samples = [{"labels": f'{{alertname="{firing}"}}', "value": 1}] if firing else []
    told = {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{minutes}m",
        "exp_samples": samples,
    }
    inputs = [{"series": _of_one(each), "values": values} for each, values in series.items()]
    return {"interval": "1m", "input_series": inputs, "promql_expr_test": [told]}


def _of_one(series: str) -> str:
    name, _, labels = series.rstrip("}").partition("{")
    of_one = f'{labels},instance="a"' if labels else 'instance="a"'
    return f"{name}{{{of_one}}}"


def run(folder: Path, *tests: dict[str, object]) -> None:
    path = folder / "tests.yml"
    path.write_text(json.dumps({"rule_files": [str(ALERTS)], "tests": tests}))
    done = promtool("test", "rules", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real
def test_the_rules_are_rules() -> None:
    done = promtool("check", "rules", str(ALERTS))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real
@pytest.mark.parametrize("minutes", [20, 59])
def test_none_fires_on_a_quiet_day(tmp_path: Path, minutes: int) -> None:
    run(
        tmp_path,
        rule_test(minutes, QUIET, None),
        rule_test(minutes, {**QUIET, **BUSY}, None),
    )


@pytest.mark.real
@pytest.mark.parametrize(("alert", "minutes", "series"), CASES)
def test_an_alert_fires(tmp_path: Path, alert: str, minutes: int, series: dict[str, str]) -> None:
    run(
        tmp_path,
        rule_test(minutes, {**QUIET, **series}, alert),
        rule_test(minutes, {**QUIET, **BUSY, **series}, alert),
    )


def test_each_alert_is_tried() -> None:
    assert sorted({alert for alert, _, _ in CASES}) == sorted(NAMES)


def test_each_alert_says_what_to_do() -> None:
    blocks = TEXT.split("- alert: ")[1:]
    assert len(blocks) == len(NAMES)
    for block in blocks:
        for part in ("severity: ", "summary: ", "mend: "):
            assert part in block, block


def test_they_are_about_what_there_is() -> None:
    known = {metric.full_name for metric in catalogue.ALL} | {f"mxward_{name}" for name in DERIVED}
    for expression in EXPRESSIONS:
        assert set(re.findall(r"\bmxward_\w+", expression)) <= known, expression
    values = dict[str, set[str]]()
    for metric in catalogue.ALL:
        for label, each in metric.labels:
            values.setdefault(label, set()).update(each)
    values["job"] = {"mxward"}
    asked = re.findall(r'(\w+)=~?"([^"]+)"', " ".join(EXPRESSIONS))
    assert len(asked) > len(EXPRESSIONS)
    for label, wanted in asked:
        assert set(wanted.split("|")) <= values[label], (label, wanted)


@pytest.mark.real
def test_what_is_told_is_as_prometheus_wants_it() -> None:
    told = exposition(metrics.board(2), lambda: 0.0)
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=told, capture_output=True)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
