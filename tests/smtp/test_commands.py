"""Command lines, and what is understood of them: a table."""

from __future__ import annotations

import pytest

from mxward.smtp.commands import MAX_PATH, Command, CommandError, Mail, Rcpt, parse

GOOD: list[tuple[str, Command | Mail | Rcpt]] = [
    ("QUIT", Command("QUIT")),
    ("quit ", Command("QUIT")),
    ("DATA", Command("DATA")),
    ("NOOP x y", Command("NOOP", "x y")),
    ("VRFY <a@b.test>", Command("VRFY", "<a@b.test>")),
    ("", Command("")),
    (" QUIT", Command("", "QUIT")),
    ("QUIT\t", Command("QUIT\t")),
    ("R\u017fET", Command("R\u017fET")),  # upper() would make an S of it
    ("MA\u0131L FROM:<>", Command("MA\u0131L", "FROM:<>")),  # and an I of this
    ("EHLO a.test", Command("EHLO", "a.test")),
    ("ehlo [192.0.2.1]", Command("EHLO", "[192.0.2.1]")),
    ("HELO my pc", Command("HELO", "my pc")),
    ("HELO \u00e9", Command("HELO", "\u00e9")),
    ("HELO " + "x" * 255, Command("HELO", "x" * 255)),
    # -- the sender
    ("MAIL FROM:<>", Mail("")),
    ("MAIL FROM:<a@b.test>", Mail("a@b.test")),
    ("mail from: <a@b.test>", Mail("a@b.test")),
    ("Mail  From : a@b.test ", Mail("a@b.test")),
    ("MAIL FROM:<a>", Mail("a")),
    ("MAIL FROM:<a..b.@c.test>", Mail("a..b.@c.test")),
    ("MAIL FROM:<a=b+c/d%e!f@g.test>", Mail("a=b+c/d%e!f@g.test")),
    ('MAIL FROM:<"a b"@c.test>', Mail('"a b"@c.test')),
    (r'MAIL FROM:<"a\"> b"@c.test>', Mail(r'"a\"> b"@c.test')),
    ('MAIL FROM:<""@c.test>', Mail('""@c.test')),
    ("MAIL FROM:<a@[192.0.2.1]>", Mail("a@[192.0.2.1]")),
    ("MAIL FROM:<@b.test,@[192.0.2.1]:a@c.test>", Mail("@b.test,@[192.0.2.1]:a@c.test")),
    ("MAIL FROM:<\u00e9@\u00fc.test> SMTPUTF8", Mail("\u00e9@\u00fc.test", (("SMTPUTF8", None),))),
    ("MAIL FROM:<a@b.test> SIZE=00", Mail("a@b.test", (("SIZE", "00"),))),
    (
        "MAIL FROM:<a@b.test>  size=1  body=8bitmime ",
        Mail("a@b.test", (("SIZE", "1"), ("BODY", "8bitmime"))),
    ),
    ("MAIL FROM:<> RET=FULL ENVID=x+2By", Mail("", (("RET", "FULL"), ("ENVID", "x+2By")))),
    # -- the recipient
    ("RCPT TO:<a@b.test>", Rcpt("a@b.test")),
    ("rcpt to:a@b.test", Rcpt("a@b.test")),
    ("RCPT TO:<Postmaster>", Rcpt("Postmaster")),
    ('RCPT TO:<"x@y"@b.test>', Rcpt('"x@y"@b.test')),
    (
        "RCPT TO:<a@b.test> NOTIFY=NEVER ORCPT=rfc822;a@b.test",
        Rcpt("a@b.test", (("NOTIFY", "NEVER"), ("ORCPT", "rfc822;a@b.test"))),
    ),
    ("RCPT TO:<" + "x" * (MAX_PATH - 2) + ">", Rcpt("x" * (MAX_PATH - 2))),
]

BAD: list[tuple[str, str]] = [
    ("HELO", "501 5.5.4"),
    ("EHLO  ", "501 5.5.4"),
    ("EHLO a\x00b", "501 5.5.4"),
    ("EHLO a\tb", "501 5.5.4"),
    ("EHLO a\x7fb", "501 5.5.4"),
    ("HELO " + "x" * 256, "501 5.5.4"),
    ("DATA x", "501 5.5.4"),
    ("RSET x", "501 5.5.4"),
    ("QUIT x", "501 5.5.4"),
    ("MAIL", "501 5.5.4"),
    ("MAIL FROM", "501 5.5.4"),
    ("MAIL FROM <a@b.test>", "501 5.5.4"),
    ("MAIL TO:<a@b.test>", "501 5.5.4"),
    ("MAIL FROM\t:<a@b.test>", "501 5.5.4"),
    ("MAIL FROM:", "501 5.1.7"),
    ("MAIL FROM:<", "501 5.1.7"),
    ("MAIL FROM:>", "501 5.1.7"),
    ("MAIL FROM:<a@b.test", "501 5.1.7"),
    ("MAIL FROM:a@b.test>", "501 5.1.7"),
    ("MAIL FROM:<<a@b.test>>", "501 5.1.7"),
    ("MAIL FROM:<a@b.test>SIZE=1", "501 5.1.7"),
    ("MAIL FROM:<a@b.test>\tSIZE=1", "501 5.1.7"),
    ("MAIL FROM:<a b@c.test>", "501 5.1.7"),
    ("MAIL FROM:<a@b@c.test>", "501 5.1.7"),
    ("MAIL FROM:<a@>", "501 5.1.7"),
    ("MAIL FROM:<@b.test>", "501 5.1.7"),
    ("MAIL FROM:<@b.test:>", "501 5.1.7"),
    ("MAIL FROM:<@b.test a@c.test>", "501 5.1.7"),
    ('MAIL FROM:<"a@c.test>', "501 5.1.7"),
    ('MAIL FROM:<"a\\"@c.test>', "501 5.1.7"),
    ('MAIL FROM:<a"b"@c.test>', "501 5.1.7"),
    ('MAIL FROM:<"a\x00"@c.test>', "501 5.1.7"),
    ("MAIL FROM:<a\\@b@c.test>", "501 5.1.7"),
    ("MAIL FROM:<a@[192.0.2.1>", "501 5.1.7"),
    ("MAIL FROM:<a@b.test> =1", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> SIZE=", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> SIZE", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> SIZE=1=2", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> SIZE=x", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> SIZE=\u0661", "501 5.5.4"),  # a digit, but not of ASCII
    ("MAIL FROM:<a@b.test> SIZE=" + "1" * 21, "501 5.5.4"),
    ("MAIL FROM:<a@b.test> SIZE=1 SIZE=1", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> SMTPUTF8 smtputf8", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> SIZE=1\tBODY=7BIT", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> SIZE=1\u00a0BODY=7BIT", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> RET=HDRS\x1fBODY=7BIT", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> BODY=9BITMIME", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> BODY", "501 5.5.4"),
    ("MAIL FROM:<a@b.test> XOORG=x", "555 5.5.4"),
    ("MAIL FROM:<a@b.test> NOTIFY=NEVER", "555 5.5.4"),
    ("RCPT TO:<>", "501 5.1.3"),
    ("RCPT TO:", "501 5.1.3"),
    ("RCPT FROM:<a@b.test>", "501 5.5.4"),
    ("RCPT TO:<a@b.test>,<c@d.test>", "501 5.1.3"),
    ("RCPT TO:<a@b.test> <c@d.test>", "501 5.5.4"),
    ("RCPT TO:<a@b.test> SIZE=1", "555 5.5.4"),
    ("RCPT TO:<" + "x" * (MAX_PATH - 1) + ">", "501 5.1.3"),
]


@pytest.mark.parametrize(("line", "command"), GOOD)
def test_understood(line: str, command: Command | Mail | Rcpt) -> None:
    assert parse(line.encode()) == command


@pytest.mark.parametrize(("line", "answer"), BAD)
def test_refused(line: str, answer: str) -> None:
    with pytest.raises(CommandError) as bad:
        parse(line.encode())
    assert str(bad.value.reply).startswith(answer)


def test_bytes_that_are_no_utf8() -> None:
    with pytest.raises(CommandError) as bad:
        parse(b"MAIL FROM:<\xff@b.test>")
    assert str(bad.value.reply) == "500 5.5.2 Commands are ASCII or UTF-8"


def test_parameters_by_name() -> None:
    mail = parse(b"MAIL FROM:<a@b.test> size=12 smtputf8")
    assert isinstance(mail, Mail)
    assert (mail.size, mail.get("SIZE"), mail.get("SMTPUTF8"), mail.get("BODY")) == (
        12,
        "12",
        "",
        None,
    )
    assert Mail("a@b.test").size == 0


def test_an_unknown_parameter_is_named_but_not_at_length() -> None:
    with pytest.raises(CommandError) as bad:
        parse(b"MAIL FROM:<a@b.test> " + b"X" * 1000)
    assert str(bad.value.reply) == "555 5.5.4 Unsupported parameter: " + "X" * 40
