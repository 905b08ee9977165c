"""What the log is told becomes numbers."""

from __future__ import annotations

import pytest

from mxward import metrics
from mxward.metrics import EventCounts, catalogue
from mxward.model import Action, Arrival, Decision, Door, Evidence, Reason, Stage
from mxward.networks import address
from mxward.smtp import loglines
from mxward.smtp.identity import Peer
from mxward.smtp.refusals import too_fast
from mxward.smtp.replies import Reply, reply
from mxward.smtp.vocabulary import Endpoint, Log

HERE, THERE = address("192.0.2.25"), address("198.51.100.7")
MAIL_SERVER, SCANNER = Endpoint(HERE, 25), Endpoint(THERE, 25, "mx.clean.example", "clean")
PEER = Peer(THERE, 4025, HERE, 25, "1")
TAKEN, LATER, NEVER = reply(250, "2.0.0 OK"), reply(451, "4.0.0 Later"), reply(550, "5.0.0 No")


def counted(*logs: Log) -> dict[str, float]:
    """All that is not 0 after these events, but for when and how often they came."""
    board = metrics.board(0)
    count = EventCounts(board.row(0))
    for log in logs:
        count(1000.0, log.event, log.fields)
    numbers = {column: board.total(column) for column in board.columns}
    aside = (catalogue.LINES.name, "recent ", catalogue.REFUSED)
    return {c: n for c, n in numbers.items() if n and not c.startswith(aside)}


def decided(
    action: Action,
    reason: Reason,
    stage: Stage,
    would: Action | None = None,
    answer: Reply | None = None,
) -> Log:
    arrival = Arrival(THERE, HERE, "client.example", "a@client.example", "b@customer.example")
    decision = Decision(action, would or action, stage, Door.BACK, reason, Evidence())
    return loglines.decided(arrival, decision, None, answer, "1")


def undecided() -> Log:
    arrival = Arrival(THERE, HERE, "client.example", "a@client.example", "b@customer.example")
    return loglines.decided(arrival, None, None, LATER, "1")


def message(upstream: Endpoint | None, verdict: Reply | None, size: int = 700) -> Log:
    return loglines.message(PEER, "1", upstream, size, 1, verdict, "")


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        (
            [decided(Action.REFUSE, Reason.BACK_DOOR, Stage.REFUSE)] * 2,
            {"decisions refuse back-door": 2},
        ),
        (
            [decided(Action.PASS, Reason.BACK_DOOR, Stage.OBSERVE, would=Action.REFUSE)],
            {"decisions pass back-door": 1, "observed refuse": 1},
        ),
        ([decided(Action.PASS, Reason.EGRESS, Stage.DEFER)], {"decisions pass egress": 1}),
        (
            [decided(Action.REROUTE, Reason.BACK_DOOR, Stage.REROUTE, answer=too_fast("", "1"))],
            {"decisions reroute back-door": 1, "limits reroute_rate": 1},
        ),
        (
            [decided(Action.REROUTE, Reason.BACK_DOOR, Stage.REROUTE, answer=LATER)],
            {"decisions reroute back-door": 1},
        ),
        ([loglines.limit(PEER, "errors")] * 2, {"limits errors": 2}),
        ([loglines.limit(PEER, "recipients")], {"limits recipients": 1}),
        ([undecided()], {"undecided": 1}),
        (
            [message(MAIL_SERVER, TAKEN)] * 2,
            {"messages mail-server accepted": 2, "message_bytes mail-server": 1400},
        ),
        (
            [message(SCANNER, TAKEN, 9), message(SCANNER, LATER), message(SCANNER, NEVER)],
            {
                "messages scanner accepted": 1,
                "messages scanner deferred": 1,
                "messages scanner refused": 1,
                "message_bytes scanner": 9,
            },
        ),
        ([message(MAIL_SERVER, None)], {"messages mail-server given-up": 1}),
        ([message(None, LATER)], {"messages mail-server deferred": 1}),
        ([Log("auth", {"reply": 235})], {"auth accepted": 1}),
        ([Log("auth", {"reply": 535})], {"auth refused": 1}),
        ([Log("auth", {"reply": 454})], {"auth failed": 1}),
        ([Log("dropped", {"events": 12})], {"dropped log-line": 12}),
        ([Log("memory-dropped", {"answers": 3})], {"dropped answer": 3}),
        ([Log("decisions-dropped", {"decisions": 4})], {"dropped decision": 4}),
        ([Log("inventory-refused", {"why": "empty"})], {"reloads inventory refused": 1}),
        ([Log("ready", {"listen": "192.0.2.25:25", "domains": 7})], {}),
        (
            [Log("ready", {"workers": 4})],
            {"workers": 4, "configuration_timestamp_seconds": 1000},
        ),
        (
            [Log("ready", {"workers": 4}), Log("reload", {"workers": 2})],
            {
                "workers": 2,
                "configuration_timestamp_seconds": 1000,
                "reloads configuration applied": 1,
            },
        ),
        ([Log("reload-refused", {"why": "wrong"})], {"reloads configuration refused": 1}),
        ([Log("worker-died", {"worker": 1})], {"worker_restarts": 1}),
    ],
)
def test_what_is_counted(logs: list[Log], expected: dict[str, float]) -> None:
    assert counted(*logs) == expected


def test_every_decision_has_a_column() -> None:
    logs = [decided(a, r, Stage.REFUSE) for a in Action for r in Reason]
    assert set(counted(*logs).values()) == {1}
    assert len(counted(*logs)) == len(Action) * len(Reason)


def test_the_time_until_the_verdict() -> None:
    log = message(MAIL_SERVER, TAKEN)
    numbers = counted(Log("message", {**log.fields, "waited_ms": 70}))
    assert numbers["upstream_verdict_seconds mail-server 0.1"] == 1
    assert numbers["upstream_verdict_seconds mail-server sum"] == pytest.approx(0.07)


def test_lines_are_counted_by_event_and_strange_ones_together() -> None:
    board = metrics.board(0)
    count = EventCounts(board.row(0))
    for event in ("failure", "failure", "something-new"):
        count(0.0, event, {})
    lines = {name: board.total(catalogue.LINES.column(name)) for name in catalogue.EVENTS}
    assert {name: n for name, n in lines.items() if n} == {"failure": 2, "other": 1}
