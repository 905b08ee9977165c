"""What an EHLO offers, and what a chosen upstream cannot carry."""

from __future__ import annotations

import pytest

from mxward.smtp.commands import Mail
from mxward.smtp.extensions import Extensions, parameters_for, unable
from mxward.smtp.replies import Reply


def ehlo(*lines: bytes) -> Extensions:
    return Extensions.read(Reply(250, (b"mail.test", *lines)))


@pytest.mark.parametrize(
    ("line", "keywords"),
    [
        (b"SIZE 1000", {"SIZE": "1000"}),
        (b"size=1000", {"SIZE": "1000"}),
        (b"8bitmime ", {"8BITMIME": ""}),
        (b"AUTH=PLAIN LOGIN", {"AUTH": "PLAIN LOGIN"}),
        (b"", {}),
        (b"what is this?", {"WHAT": "is this?"}),
        (b"-X", {}),
        (b"SIZE\t1000", {}),
        (b"DSN \xff", {}),
        (b"DS\x1bN", {}),
    ],
)
def test_read(line: bytes, keywords: dict[str, str]) -> None:
    assert ehlo(line).keywords == keywords


def test_the_first_line_is_the_servers_name() -> None:
    assert Extensions.read(Reply(250, (b"DSN", b"SIZE"))).keywords == {"SIZE": ""}


@pytest.mark.parametrize(
    ("parameter", "size"),
    [
        ("1000", 1000),
        ("", 0),
        ("0", 0),
        ("-1", 0),
        ("1k", 0),
        ("9" * 20, 10**20 - 1),
        ("9" * 21, 0),
    ],
)
def test_size(parameter: str, size: int) -> None:
    assert Extensions({"SIZE": parameter}).size == size


@pytest.mark.parametrize(
    ("parameters", "theirs", "answer"),
    [
        ((), (), None),
        ((("SMTPUTF8", None),), (), "550 5.6.7"),
        ((("SMTPUTF8", None),), (b"SMTPUTF8",), None),
        ((("BODY", "8BitMime"),), (), "550 5.6.3"),
        ((("BODY", "8BITMIME"),), (b"8BITMIME",), None),
        ((("BODY", "7BIT"),), (), None),
        ((("SIZE", "11"),), (b"SIZE 10",), "552 5.3.4"),
        ((("SIZE", "10"),), (b"SIZE 10",), None),
        ((("SIZE", "11"),), (b"SIZE 0",), None),
        ((("SIZE", "11"),), (), None),
        ((("RET", "FULL"),), (), None),
    ],
)
def test_unable(
    parameters: tuple[tuple[str, str | None], ...], theirs: tuple[bytes, ...], answer: str | None
) -> None:
    refused = unable(Mail("a@b.test", parameters), ehlo(*theirs))
    assert (refused and str(refused)[:9]) == answer


ALL = (
    ("SIZE", "11"),
    ("BODY", "7BIT"),
    ("SMTPUTF8", None),
    ("RET", "FULL"),
    ("ENVID", "x"),
    ("NOTIFY", "NEVER"),
    ("ORCPT", "rfc822;a@b.test"),
    ("AUTH", "<>"),
)


@pytest.mark.parametrize(
    ("theirs", "sent_on"),
    [
        ((), " SMTPUTF8"),
        ((b"SIZE",), " SIZE=11 SMTPUTF8"),
        ((b"AUTH PLAIN",), " SMTPUTF8 AUTH=<>"),
        ((b"BINARYMIME",), " BODY=7BIT SMTPUTF8"),
        ((b"8BITMIME",), " BODY=7BIT SMTPUTF8"),
        ((b"DSN",), " SMTPUTF8 RET=FULL ENVID=x NOTIFY=NEVER ORCPT=rfc822;a@b.test"),
    ],
)
def test_parameters_that_are_sent_on(theirs: tuple[bytes, ...], sent_on: str) -> None:
    assert parameters_for(ALL, ehlo(*theirs)) == sent_on
