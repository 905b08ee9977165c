"""Questions to the DNS are counted by what came of them, and timed."""

from __future__ import annotations

import asyncio

import pytest

from mxward import metrics
from mxward.lookup.fake import FakeResolver
from mxward.metrics.asking import CountedResolver
from mxward.metrics.onward import Onward
from mxward.model import Kind, Known, Question
from mxward.networks import address
from mxward.smtp.vocabulary import Endpoint


def test_questions() -> None:
    board = metrics.board(0)
    times = iter([0.0, 0.1, 1.0, 1.0, 2.0, 7.0])
    dns = FakeResolver(mx={"customer.example": ["10 mx.clean.example"]}, failing={"dead.example"})
    resolver = CountedResolver(dns, board.row(0), lambda: next(times))
    names = ("customer.example", "nothing.example", "dead.example")
    answers = [asyncio.run(resolver.ask(Question(Kind.MX, name))) for name in names]
    assert [answer.state for answer in answers] == [Known.FOUND, Known.ABSENT, Known.FAILED]
    assert told(board) == {
        "dns_questions MX found": 1,
        "dns_questions MX absent": 1,
        "dns_questions MX failed": 1,
        "dns_seconds 0.001": 1,
        "dns_seconds 0.1": 1,
        "dns_seconds 10": 1,
        "dns_seconds sum": pytest.approx(5.1),
    }


def test_connections_onward() -> None:
    board = metrics.board(0)
    clock = iter([100.0, 101.0])
    onward = Onward(board.row(0), lambda: next(clock))
    mail_server = Endpoint(address("192.0.2.25"), 25)
    scanner = Endpoint(address("198.51.100.7"), 25, scanner="clean")
    onward.made(mail_server, 0.0005)
    onward.answered()
    onward.reused(mail_server)
    onward.failed(scanner)
    assert told(board) == {
        "upstream_connections mail-server made": 1,
        "upstream_connections mail-server reused": 1,
        "upstream_connections scanner failed": 1,
        "upstream_connect_seconds mail-server 0.001": 1,
        "upstream_connect_seconds mail-server sum": 0.0005,
        "mail server answered": 100.0,
    }
    onward.failed(mail_server)
    assert told(board)["mail server failed"] == 101.0


def told(board: metrics.Board) -> dict[str, float]:
    numbers = {column: board.total(column) for column in board.columns}
    return {column: number for column, number in numbers.items() if number}
