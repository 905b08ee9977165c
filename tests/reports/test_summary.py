"""Who uses which door, by numbers that a person can count in the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mxward.domains import Domains
from mxward.model import Rules, Stage, Trust
from mxward.networks import network
from mxward.reports.compare import Comparison, compare
from mxward.reports.deciding import judge, under
from mxward.reports.duck import DuckEngine
from mxward.reports.engine import EngineError
from mxward.reports.summary import ByDay, ByDomain, Report, summarise
from mxward.reports.what_if import WhatIf, what_if
from tests.reports.arrivals import WHEN, row, write
from tests.reports.test_deciding import DOOR, RULES, SERVER, Told

SCANNER = "62.4.5.6"
WORM = "4.3.90.120"
BRANCH = "203.0.113.9"
OWN = replace(DOOR, exchanges=(replace(DOOR.exchanges[0], addresses=(SERVER,), scanner=None),))
TWO = replace(RULES, inventory=Domains(["it.co.za", "own.example"]))
FACTS = Told({"own.example": OWN})


def days(number: int) -> timedelta:
    return timedelta(days=number)


def month() -> list[dict[str, Any]]:
    """Two messages by the front door, a worm's eight, a branch office's four, an own domain's."""
    rows = [row(SCANNER, message="f1"), row(SCANNER, "b@it.co.za", message="f1")]
    rows.append(row(SCANNER, message="f2", arrived_at=WHEN + days(1)))
    rows += [row(WORM, f"u{n}@it.co.za", size=686_941, helo="it.co.za") for n in range(8)]
    rows += [
        row(BRANCH, arrived_at=WHEN + days(n), name="gw.branch.example", tls="TLS1.3", size=n)
        for n in range(4)
    ]
    rows.append(row("203.0.113.50", "x@own.example"))
    rows.append(row("203.0.113.51", "x@far.example", authenticated="anna"))
    rows.append(row(None, "root@it.co.za"))
    rejected = {"outcome": "rejected", "sender": "a@b.example"}
    rows += [row(WORM, f"v{n}@it.co.za", **rejected) for n in range(9)]
    # the rejectlog says it again, and once what the main log has not
    rows += [row(WORM, f"v{n}@it.co.za", copy=True, **rejected) for n in range(10)]
    return rows


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckEngine]:
    made = DuckEngine([write(tmp_path / "table", month())])
    yield made
    made.close()


def report_of(engine: DuckEngine, rules: Rules = TWO) -> Report:
    judge(engine, rules, FACTS, SERVER)
    return summarise(engine, rules.inventory)


def test_doors(engine: DuckEngine) -> None:
    report = report_of(engine)
    assert report.doors() == {"front": (2, 3), "back": (12, 12), "open": (1, 1), "outside": (1, 1)}
    assert report.by_day[0] == ByDay("2026-11-02", "back", 9, 9)
    assert (report.totals.accepted, report.totals.local) == (18, 1)
    assert report.totals.last_at == WHEN + days(3)
    assert report.domains == (ByDomain("it.co.za", 12, 12, 2),)


def test_who_uses_the_back_door(engine: DuckEngine) -> None:
    report = report_of(engine)
    (worm,), (branch,) = report.suspicious(), report.honest()
    assert (worm.client.client, worm.client.messages, worm.client.rejected) == (WORM, 8, 10)
    assert worm.client.lying == ("it.co.za",)
    assert (branch.client.client, branch.client.days, branch.client.with_tls) == (BRANCH, 4, 4)
    assert [sender.client.client for sender in report.senders] == [WORM, BRANCH]


def what_if_of(engine: DuckEngine, stage: Stage, rules: Rules = TWO) -> WhatIf:
    judge(engine, under(stage, rules), FACTS, SERVER)
    summarise(engine, rules.inventory)
    return what_if(engine, stage)


@pytest.mark.parametrize("stage", [Stage.DEFER, Stage.REFUSE])
def test_what_if(engine: DuckEngine, stage: Stage) -> None:
    told = what_if_of(engine, stage)
    assert (told.of(stage.value), told.of("pass")) == (12, 5)
    assert (told.honest_recipients, told.honest_messages) == (4, 4)
    assert [(s.client, s.domain, s.recipients) for s in told.stopped] == [
        (WORM, "it.co.za", 8),
        (BRANCH, "it.co.za", 4),
    ]
    assert [h.arrived_at for h in told.honest] == [WHEN + days(n) for n in range(4)]
    assert {h.client for h in told.honest} == {BRANCH}
    assert {h.mx_failed for h in told.honest} == {None}


def test_nothing_is_stopped_where_all_is_only_observed(engine: DuckEngine) -> None:
    told = what_if_of(engine, Stage.OBSERVE)
    assert told.of("pass") == 17
    assert not told.stopped
    assert not told.honest


def comparison(engine: DuckEngine, rules: Rules, leading: dict[str, list[str]]) -> Comparison:
    asked = judge(engine, rules, FACTS, SERVER)
    summarise(engine, rules.inventory)
    return compare(engine, rules, asked.doors, leading)


def test_the_five_ways(engine: DuckEngine) -> None:
    told = comparison(engine, TWO, {"it.co.za": ["it.co.za", "mail.it.co.za"]})
    assert (told.back, told.honest, told.fronted, told.looked_up) == (12, 4, 1, True)
    ways = {way.name: way for way in told.ways}
    assert (ways["accept rules"].stopped, ways["accept rules"].honest_lost) == (12, 4)
    # the own domain's mail too: a firewall knows no domains
    assert (ways["firewall"].stopped, ways["firewall"].honest_lost) == (12, 5)
    assert (ways["drop A records"].stopped, ways["drop A records"].records) == (0, 1)
    assert ways["drop A records"].left_open == "mail. for 1 domain"
    assert (ways["move the server"].stopped, ways["move the server"].records) == (12, 2)
    assert (ways["proxy"].stopped, ways["proxy"].share, ways["proxy"].honest_lost) == (12, 1.0, 0)
    assert told.recommended == "proxy"
    assert any("4 recipients" in reason for reason in told.reasons)


def test_dropping_the_record_stops_what_no_other_name_leads_to(engine: DuckEngine) -> None:
    told = comparison(engine, TWO, {"it.co.za": ["it.co.za"]})
    way = told.ways[2]
    assert (way.stopped, way.at_most, way.share, way.honest_lost) == (12, True, 1.0, 4)


def test_trusted_clients_are_no_back_door_mail(engine: DuckEngine) -> None:
    rules = replace(TWO, trust=(Trust("anna", "n", network(f"{BRANCH}/32")),))
    told = comparison(engine, rules, {})
    assert (told.back, told.honest) == (8, 0)
    assert told.ways[1].honest_lost == 1  # a firewall lets trusted networks in
    assert told.recommended == "accept rules"


def test_an_empty_table(tmp_path: Path) -> None:
    engine = DuckEngine([tmp_path])
    report = report_of(engine)
    assert report.totals.first_at is None
    assert (report.by_day, report.senders, report.domains) == ((), (), ())
    assert what_if(engine, Stage.REFUSE).outcomes == ()
    assert compare(engine, TWO, {}, None).back == 0
    engine.close()


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "day=2026-11-02").mkdir()
    (tmp_path / "day=2026-11-02" / "x'y.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(EngineError):
        report_of(DuckEngine([tmp_path]))
