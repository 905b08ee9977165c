"""What is printed: plain ASCII where it is no terminal, and a table that programs can read."""

from __future__ import annotations

import io
import json

from rich.console import Console

from mxward.demo.play import Row
from mxward.demo.report import Printer, as_json, console, table
from mxward.demo.tape import Kind, Line

TAPE = [
    Line(Kind.TITLE, "1. The worm"),
    Line(Kind.STORY, "It comes. " * 12),
    Line(Kind.NOTE, "mxward starts"),
    Line(Kind.TALK, "worm -> mail.it.co.za"),
    Line(Kind.SERVER, "220 mail.hosting.example ESMTP [/dev/null]"),
    Line(Kind.CLIENT, "EHLO hallmark.com"),
    Line(Kind.TALK, "cleanmail -> mail.hosting.example", 1),
    Line(Kind.CLIENT, "RCPT TO:<shaun@it.co.za>", 1),
    Line(Kind.SERVER, "550 5.7.1 virus found"),
    Line(Kind.VERDICT, "the worm: 550"),
    Line(Kind.DIFFERS, "the worm: expected 250; seen 550"),
    Line(Kind.TITLE, "2. The end"),
]
ROWS = [
    Row(1, "the worm", "550; mailbox 0", "550; mailbox 0"),
    Row(2, "a letter", "250; mailbox 1", "250; mailbox 2"),
]


def plain() -> Console:
    found = console(colour=False)
    found.file = io.StringIO()
    return found


def printed(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_the_tape_in_plain() -> None:
    out = plain()
    printer = Printer(out)
    for line in TAPE:
        printer(line)
    assert printed(out) == (
        """\
1. The worm
-----------

It comes. It comes. It comes. It comes. It comes. It comes. It comes. It comes. It comes. It comes.
It comes. It comes.

    * mxward starts

  worm -> mail.it.co.za
    S: 220 mail.hosting.example ESMTP [/dev/null]
    C: EHLO hallmark.com
    |  cleanmail -> mail.hosting.example
    |  C: RCPT TO:<shaun@it.co.za>
    S: 550 5.7.1 virus found
  ok       the worm: 550

  DIFFERS  the worm: expected 250; seen 550

2. The end
----------
"""
    )


def test_the_table_in_plain() -> None:
    out = plain()
    table(ROWS, out)
    text = printed(out)
    assert text.isascii()
    assert "| 1 | the worm | 550; mailbox 0 | 550; mailbox 0 | ok      |" in text
    assert "| 2 | a letter | 250; mailbox 1 | 250; mailbox 2 | DIFFERS |" in text
    assert text.endswith("1 of 2 differ.\n")


def test_the_summary_when_all_is_well() -> None:
    out = plain()
    table(ROWS[:1], out)
    assert printed(out).endswith("All 1 as expected.\n")


def test_colours_only_where_wanted() -> None:
    out = Console(file=io.StringIO(), force_terminal=True, color_system="standard")
    Printer(out)(TAPE[8])
    assert "\x1b[" in printed(out)


def test_json() -> None:
    assert json.loads(as_json(ROWS)) == [
        {
            "scene": 1,
            "what": "the worm",
            "expected": "550; mailbox 0",
            "seen": "550; mailbox 0",
            "ok": True,
        },
        {
            "scene": 2,
            "what": "a letter",
            "expected": "250; mailbox 1",
            "seen": "250; mailbox 2",
            "ok": False,
        },
    ]
