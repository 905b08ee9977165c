"""What clients are offered: what the mail server offers too, and what this relay makes true."""

from __future__ import annotations

import pytest

from mxward.smtp.extensions import Extensions
from mxward.smtp.limits import Limits
from mxward.smtp.offers import Offers
from mxward.smtp.replies import Reply
from mxward.smtp.secrecy import Auth
from tests.smtp.player import settings


def offers(*theirs: bytes, **changes: object) -> Offers:
    mail_server = Extensions.read(Reply(250, (b"mail.test", *theirs)))
    return Offers(settings(**changes), mail_server)


def keywords(*theirs: bytes, secured: bool = False, **changes: object) -> list[str]:
    """Our EHLO reply without our name."""
    return [line.decode() for line in offers(*theirs, **changes).extended(secured).lines[1:]]


ALWAYS = ["PIPELINING", "CHUNKING", "LIMITS RCPTMAX=1000"]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ((), []),
        ((b"SIZE",), ["SIZE 0"]),
        ((b"SIZE 5000",), ["SIZE 5000"]),
        ((b"DSN", b"8BITMIME", b"ENHANCEDSTATUSCODES"), ["8BITMIME", "DSN", "ENHANCEDSTATUSCODES"]),
        ((b"SMTPUTF8",), []),  # RFC 6531 3.1 asks for 8BITMIME beside it
        ((b"SMTPUTF8", b"8BITMIME"), ["8BITMIME", "SMTPUTF8"]),
        ((b"CHUNKING", b"PIPELINING"), []),  # ours already
        ((b"BINARYMIME", b"CHUNKING", b"PIPELINING"), ["BINARYMIME"]),
        ((b"BINARYMIME", b"CHUNKING"), []),  # not without PIPELINING: chunks become DATA
        ((b"BINARYMIME", b"PIPELINING"), []),
        ((b"XCLIENT ADDR", b"XFORWARD NAME", b"ETRN", b"VRFY", b"TURN", b"BURL"), []),
        ((b"STARTTLS",), []),  # theirs; ours needs a certificate
    ],
)
def test_what_both_can(theirs: tuple[bytes, ...], ours: list[str]) -> None:
    assert sorted(keywords(*theirs)) == sorted(ALWAYS + ours)


@pytest.mark.parametrize(
    ("theirs", "ours", "size"),
    [
        ((), 0, None),
        ((), 500, "SIZE 500"),
        ((b"SIZE",), 500, "SIZE 500"),
        ((b"SIZE 0",), 500, "SIZE 500"),
        ((b"SIZE 400",), 500, "SIZE 400"),
        ((b"SIZE 600",), 500, "SIZE 500"),
        ((b"SIZE 600",), 0, "SIZE 600"),
    ],
)
def test_the_smaller_size_counts(theirs: tuple[bytes, ...], ours: int, size: str | None) -> None:
    found = [x for x in keywords(*theirs, limits=Limits(message_size=ours)) if x[:4] == "SIZE"]
    assert found == ([size] if size else [])
    most = offers(*theirs, limits=Limits(message_size=ours)).size
    assert most == int((size or "SIZE 0").partition(" ")[2])


@pytest.mark.parametrize(
    ("theirs", "apart", "ours"),
    [
        ((), False, "RCPTMAX=1000"),
        ((), True, "RCPTMAX=1000 RCPTDOMAINMAX=1"),
        ((b"LIMITS RCPTMAX=20 MAILMAX=5",), False, "MAILMAX=5 RCPTMAX=20"),
        ((b"LIMITS rcptmax=2000 RCPTDOMAINMAX=7",), False, "RCPTMAX=1000 RCPTDOMAINMAX=7"),
        ((b"LIMITS RCPTDOMAINMAX=7",), True, "RCPTMAX=1000 RCPTDOMAINMAX=1"),
        ((b"LIMITS MAILMAX=x RCPTMAX=-1 FOO=3 RCPTMAX",), False, "RCPTMAX=1000"),
        ((b"LIMITS",), False, "RCPTMAX=1000"),
    ],
)
def test_the_narrower_limit_counts(theirs: tuple[bytes, ...], apart: bool, ours: str) -> None:
    assert keywords(*theirs, apart=apart)[-1] == f"LIMITS {ours}"


@pytest.mark.parametrize("secured", [False, True])
@pytest.mark.parametrize("certificate", [False, True])
def test_starttls_is_offered_in_the_clear_where_there_is_a_certificate(
    certificate: bool, secured: bool
) -> None:
    found = keywords(b"STARTTLS", secured=secured, starttls=certificate)
    assert ("STARTTLS" in found) == (certificate and not secured)


@pytest.mark.parametrize(
    ("auth", "secured", "offered"),
    [
        (Auth.TLS, False, False),
        (Auth.TLS, True, True),
        (Auth.ALWAYS, False, True),
        (Auth.ALWAYS, True, True),
        (Auth.NEVER, False, False),
        (Auth.NEVER, True, False),
    ],
)
def test_auth_is_offered_where_passwords_may_go(auth: Auth, secured: bool, offered: bool) -> None:
    found = keywords(b"AUTH PLAIN LOGIN", secured=secured, auth=auth)
    assert ("AUTH PLAIN LOGIN" in found) == offered
    mechanisms = offers(b"AUTH PLAIN LOGIN", auth=auth).mechanisms(secured)
    assert mechanisms == (("PLAIN", "LOGIN") if offered else ())


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (b"AUTH plain Login XOAUTH2", "AUTH PLAIN LOGIN XOAUTH2"),
        (b"AUTH=CRAM-MD5", "AUTH CRAM-MD5"),  # as old clients and servers write it
        (b"AUTH EXTERNAL SCRAM-SHA-256-PLUS SCRAM-SHA-256", "AUTH SCRAM-SHA-256"),
        (b"AUTH EXTERNAL", None),  # it would authenticate our own certificate
        (b"AUTH SCRAM-SHA-1-PLUS", None),  # it is bound to another TLS channel
        (b"AUTH", None),
    ],
)
def test_only_what_works_from_end_to_end(theirs: bytes, ours: str | None) -> None:
    found = [x for x in keywords(theirs, auth=Auth.ALWAYS) if x.startswith("AUTH")]
    assert found == ([ours] if ours else [])
