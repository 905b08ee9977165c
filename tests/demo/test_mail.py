"""The messages, and what a scanner finds in them."""

from __future__ import annotations

import pytest

from mxward.demo.mail import EICAR, honest, infected, message_id, scanned_by, worm


def test_the_worm_is_infected_and_hides_it() -> None:
    mail = worm(1)
    assert EICAR not in mail.content  # an attachment is encoded
    assert infected(mail.content)
    assert (mail.helo, mail.sender, mail.recipient) == (
        "hallmark.com",
        "e-cards@hallmark.com",
        "shaun@it.co.za",
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"Subject: plain\r\n\r\n" + EICAR + b"\r\n", True),
        (b"Subject: in a header: " + EICAR + b"\r\n\r\nx\r\n", True),
        (b"Subject: nearly\r\n\r\n" + EICAR[:-1] + b"\r\n", False),
        (b"no header at all", False),
        (b"", False),
        (b"Content-Type: multipart/mixed\r\n\r\nno boundary\r\n", False),
    ],
)
def test_infected(content: bytes, expected: bool) -> None:
    assert infected(content) is expected


def test_honest_mail_is_clean_and_has_a_name_of_its_own() -> None:
    first, second = honest(1, "a@it.co.za", "Friday?"), honest(2, "a@it.co.za", "Friday?")
    assert not infected(first.content)
    assert first.message_id == "<1@anna.example>" == message_id(first.content)
    assert second.message_id != first.message_id


@pytest.mark.parametrize("mail", [worm(1), honest(1, "a@it.co.za", "Friday?")])
def test_lines_end_in_crlf(mail: object) -> None:
    content: bytes = mail.content  # type: ignore[attr-defined]
    assert content.endswith(b"\r\n")
    assert content.replace(b"\r\n", b"").count(b"\n") == 0
    assert content.replace(b"\r\n", b"").count(b"\r") == 0


def test_scanned_by() -> None:
    content = b"X-Scanned-By: puremail\r\nX-Scanned-By: cleanmail\r\n\r\nX-Scanned-By: me\r\n"
    assert scanned_by(content) == ("puremail", "cleanmail")
    assert scanned_by(worm(1).content) == ()
