"""The event log: no line can be forged, and what is dropped is counted."""

from __future__ import annotations

import io
import json
import re
import tracemalloc
from collections.abc import Mapping
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.model import Action
from mxward.proxy.eventlog import EventLog, as_json, as_logfmt
from mxward.smtp.replies import Reply
from mxward.smtp.vocabulary import Endpoint

AT = 1_290_000_000.1234
HEAD = "time=2010-11-17T13:20:00.123+00:00 event=decision "
PAIR = re.compile(r'([a-z]+)=("(?:[^"\\]|\\.)*"|[^" ]+)(?: |\Z)')


def read(line: str) -> dict[str, str]:
    """A logfmt line as a strict reader sees it."""
    pairs, at = {}, 0
    while at < len(line):
        match = PAIR.match(line, at)
        assert match, f"no pair: {line[at:]!r}"
        assert match[1] not in pairs, f"{match[1]} twice"
        pairs[match[1]] = json.loads(match[2]) if match[2].startswith('"') else match[2]
        at = match.end()
    return pairs


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ("a@b.test", "a@b.test"),
        (ip_address("2001:db8::1"), "2001:db8::1"),
        (Endpoint(ip_address("2001:db8::1"), 25), "[2001:db8::1]:25"),
        (Action.PASS, "pass"),
        (12, "12"),
        ("", '""'),
        ("my pc", '"my pc"'),
        ('"', r'"\""'),
        ("\\", r'"\\"'),
        ("a=b", '"a=b"'),
        ("a\n", r'"a\n"'),
        ("x\r\ntime=0 event=decision", r'"x\r\ntime=0 event=decision"'),
        ('x" action="pass', r'"x\" action=\"pass"'),
        ("\x1b[2J", r'"\u001b[2J"'),
        ("\u00fc", r'"\u00fc"'),
        ("\u2028", r'"\u2028"'),
        (Reply(550, (b"no\xff", b"a")), r'"550 no\\xff"'),
    ],
)
def test_logfmt_quotes_what_is_not_plain(value: object, written: str) -> None:
    assert as_logfmt(AT, "decision", {"helo": value}) == f"{HEAD}helo={written}"


FIELDS = st.dictionaries(
    st.sampled_from(["helo", "from", "to", "reply", "why"]),
    st.one_of(st.text(), st.integers(), st.binary().map(lambda text: Reply(550, (text,)))),
)


@given(FIELDS)
def test_no_line_of_logfmt_can_be_forged(fields: dict[str, object]) -> None:
    line = as_logfmt(AT, "decision", fields)
    assert re.fullmatch(r"[\x20-\x7f]*", line)
    assert read(line) == {
        "time": "2010-11-17T13:20:00.123+00:00",
        "event": "decision",
        **{key: str(value) for key, value in fields.items()},
    }


@given(FIELDS)
def test_no_line_of_json_can_be_forged(fields: dict[str, object]) -> None:
    line = as_json(AT, "decision", fields)
    assert re.fullmatch(r"[\x20-\x7f]*", line)
    assert json.loads(line) == {
        "time": "2010-11-17T13:20:00.123+00:00",
        "event": "decision",
        **{k: v if isinstance(v, int) else str(v) for k, v in fields.items()},
    }


def test_lines_come_in_the_order_of_the_events() -> None:
    stream = io.StringIO()
    log = EventLog(stream)
    for n in range(3):
        log.put(AT, "decision", {"n": n})
    assert stream.getvalue() == ""
    log.flush()
    log.flush()
    assert stream.getvalue() == "".join(f"{HEAD}n={n}\n" for n in range(3))


def test_json_is_written_where_it_is_asked_for() -> None:
    stream = io.StringIO()
    log = EventLog(stream, "json")
    log.put(AT, "decision", {"size": 12, "client": ip_address("192.0.2.1")})
    log.flush()
    assert json.loads(stream.getvalue()) == {
        "time": "2010-11-17T13:20:00.123+00:00",
        "event": "decision",
        "size": 12,
        "client": "192.0.2.1",
    }


def test_what_finds_no_room_is_counted_once() -> None:
    stream = io.StringIO()
    log = EventLog(stream, room=2)
    for n in range(5):
        log.put(AT, "decision", {"n": n})
    log.flush()
    first, second, last = stream.getvalue().splitlines()
    assert (read(first)["n"], read(second)["n"]) == ("0", "1")
    assert {**read(last), "time": ""} == {
        "time": "",
        "event": "dropped",
        "level": "loud",
        "events": "3",
    }
    log.put(AT, "decision", {"n": 5})
    log.flush()
    assert [read(line).get("n") for line in stream.getvalue().splitlines()[3:]] == ["5"]


def test_each_event_is_shown_to_who_counts_once_and_before_it_is_written() -> None:
    stream, seen = io.StringIO(), list[tuple[float, str, object, str]]()

    def observe(at: float, event: str, fields: Mapping[str, object]) -> None:
        seen.append((at, event, fields.get("n", fields.get("events")), stream.getvalue()))

    log = EventLog(stream, room=2, observe=observe)
    for n in range(5):
        log.put(AT, "decision", {"n": n})
    assert seen == []  # whoever puts them has no time for it
    log.flush()
    counted = [(event, number) for _, event, number, _ in seen]
    assert counted == [("decision", 0), ("decision", 1), ("dropped", 3)]
    assert {written for *_, written in seen} == {""}
    assert seen[0][0] == AT
    log.flush()
    assert len(seen) == 3


def test_what_strangers_make_up_is_not_remembered() -> None:
    as_logfmt(0.0, "decision", {"from": "warm"})
    tracemalloc.start()
    try:
        for number in range(1_000):
            as_logfmt(0.0, "decision", {"from": f"{number}" + "\U0001f600" * 1_000})
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 100_000
