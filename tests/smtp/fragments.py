"""What clients and upstreams say, honest and not: the words that random sessions are made of."""

from __future__ import annotations

from typing import Any

from mxward.smtp.content import Content, Newlines
from mxward.smtp.identity import Identity
from mxward.smtp.secrecy import Auth, Tls
from tests.smtp.watched import LOOP_MARK

__all__ = [
    "ANSWERS",
    "CHALLENGES",
    "COMMANDS",
    "DECISIONS",
    "EHLOS",
    "ENDINGS",
    "NOISE",
    "REFUSALS",
    "REPLIES",
    "RESPONSES",
    "TEXT",
    "WORLDS",
    "answer_to",
]

COMMANDS = (
    b"EHLO client.test\r\n",
    b"HELO client.test\r\n",
    b"HELO my pc\r\n",
    b"EHLO\r\n",
    b"MAIL FROM:<a@client.test>\r\n",
    b"mail from: c@client.test size=100\r\n",
    b"MAIL FROM:<>\r\n",
    b"MAIL FROM:<\xc3\xa9@client.test> SMTPUTF8 BODY=8BITMIME SIZE=99\r\n",
    b"MAIL FROM:<a@client.test> SIZE=1000001\r\n",
    b"MAIL FROM:<a@client.test> RET=FULL XFOO=1\r\n",
    b"RCPT TO:<b@it.test>\r\n",
    b"RCPT TO:<B@It.Test> NOTIFY=NEVER\r\n",
    b"rcpt to:c@other.test\r\n",
    b"RCPT TO:<Postmaster>\r\n",
    b'RCPT TO:<"d> X=1 <\\"e@x"@it.test>\r\n',
    b"RCPT TO:<@relay.test:f@it.test>\r\n",
    b"RCPT TO:<>\r\n",
    b"RCPT TO:<b@it.test>,<c@it.test>\r\n",
    b"DATA\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"VRFY b\r\n",
    b"what?\r\n",
    b"\r\n",
    b"MAIL FROM:<a@client.test>\r\nRCPT TO:<b@it.test>\r\nDATA\r\n",
    b"RSET\r\nMAIL FROM:<x@client.test>\r\nRCPT TO:<b@it.test>\r\nRCPT TO:<c@it.test>\r\nDATA\r\n",
    b"MAIL FROM:<a@client.test> BODY=BINARYMIME\r\n",
    b"MAIL FROM:<a@client.test> AUTH=<>\r\n",
    b"AUTH PLAIN AGEAc2VjcmV0LXBhc3N3b3Jk\r\n",
    b"auth login\r\n",
    b"AUTH PLAIN =\r\n",
    b"AUTH EXTERNAL =\r\n",
    b"AUTH PLAIN no base64\r\n",
    b"BDAT 5\r\nhello",
    b"BDAT 0\r\n",
    b"BDAT 3\r\n.\r\n",
    b"BDAT 4\r\n\r\n.\r",
    b"BDAT 3\r\n\n.\n",
    b"BDAT 1\r\n\0",
    b"BDAT 0 LAST\r\n",
    b"bdat 7 last\r\n\n.\r\nx\r\n",
    b"BDAT 2 LAST\r\n.\r",
    b"BDAT 60\r\n" + b"QUIT\r\n" * 10,
    b"RSET\r\nMAIL FROM:<y@client.test>\r\nRCPT TO:<b@it.test>\r\nRCPT TO:<c@it.test>\r\n"
    b"BDAT 6\r\na: b\r\nBDAT 9 LAST\r\n\r\nhello\r\nMAIL FROM:<z@client.test>\r\n",
)

ENDINGS = (
    b"QUIT\r\n",
    b"BDAT five LAST\r\n",
    b"BDAT 9999999999\r\n",
    b"STARTTLS\r\nNOOP\r\n",
    b"NOOP\n",
)

RESPONSES = (
    b"dXNlcg==\r\n",
    b"c2VjcmV0LXBhc3N3b3Jk\r\n",
    b"\r\n",
    b"*\r\n",
    b"no base64!\r\n",
    b"QUIT\n",
)
"""What a client says within AUTH."""

TEXT = (
    b".\r\n",
    b"\r\n.\r\n",
    b"Subject: hello\r\n\r\nhello\r\n.\r\n",
    b"Received: from x by y " + LOOP_MARK + b"; a date\r\n\r\n",
    b"Message-ID: <1@client.test>\r\n",
    b"\r\n",
    b"..\r\n",
    b".a\r\n",
    b"hello\r\n",
    b"hello",
    b"x" * 300 + b"\r\n",
)

NOISE = (
    b"\n.\r\n",
    b"\r\n.\n",
    b"\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n\x00.\r\n",
    b".",
    b"\r",
    b"\n",
    b"\x00",
    b" ",
    b"\xff",
    b"\xc5\xbf",
    b"<",
    b">",
    b'"',
    b"\\",
    b"\x7f",
)

REFUSALS = (
    b"421 4.3.2 too busy\r\n",
    b"450 4.2.1 not now\r\n",
    b"554 5.7.1 not this\r\n",
)
"""What any command may be answered with."""

REPLIES = (
    b"220 mail.test\r\n",
    b"220 mail.test\r\n250 injected\r\n",
    b"235 2.7.0 ok\r\n",
    b"334 \r\n",
    b"250 ok\r\n",
    b"250-mail.test\r\n250-SIZE 50\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n",
    b"250-a\r\n250 b\r\n",
    b"251 will forward\r\n",
    b"354 go on\r\n",
    b"421 4.3.2 too busy\r\n",
    b"450 4.2.1 not now\r\n",
    b"452 4.3.1 full\r\n",
    b"500 what?\r\n",
    b"550-5.1.1 no\r\n550 5.1.1 such user\r\n",
    b"554 5.7.1 spam\r\n",
    b"250-",
    b"25",
    b"250 ok\r",
    b"250 ok\n",
    b"250-a\r\n550 b\r\n",
    b"\r\n",
    b"hm\r\n",
    b"\x00",
    b"2500 ok\r\n",
    b"250",
    b" ok\r\n",
)

ANSWERS = {
    "greeting": b"220 mail.test\r\n",
    "EHLO": b"250-mail.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE\r\n",
    "HELO": b"250 mail.test\r\n",
    "MAIL": b"250 2.1.0 sender ok\r\n",
    "RCPT": b"250 2.1.5 recipient ok\r\n",
    "DATA": b"354 go on\r\n",
    "END": b"250 2.0.0 queued\r\n",
    "RSET": b"250 2.0.0 forgotten\r\n",
    "QUIT": b"221 bye\r\n",
    "STARTTLS": b"220 go on\r\n",
    "XCLIENT": b"220 mail.test\r\n",
    "AUTH": b"235 2.7.0 ok\r\n",
    "BDAT": b"250 2.0.0 so far\r\n",
}
"""What an upstream says that plays along."""

DECISIONS = ("pass", "pass", "defer", "refuse", "reroute a", "reroute a", "reroute b")

CHALLENGES = (
    b"334 VXNlcm5hbWU6\r\n",
    b"334 \r\n",
    b"235 2.7.0 ok\r\n",
    b"235 2.7.0 ok\r\n",
    b"535 5.7.8 no\r\n",
)
"""What a mail server says within AUTH."""

EHLOS = (
    ANSWERS["EHLO"],
    b"250-mail.test\r\n250-PIPELINING\r\n250-AUTH PLAIN LOGIN\r\n250-STARTTLS\r\n250 DSN\r\n",
    b"250-mail.test\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-AUTH LOGIN\r\n"
    b"250 XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT LOGIN\r\n",
    b"250-mail.test\r\n250-PIPELINING\r\n250-SIZE 500\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n"
    b"250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n"
    b"250 XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT\r\n",
)
"""What mail servers offer."""

WORLDS: tuple[dict[str, Any], ...] = (
    {},
    {"identity": Identity.NONE, "auth": Auth.TLS},
    {"identity": Identity.XCLIENT},
    {"identity": Identity.XCLIENT, "tls": Tls.OPPORTUNISTIC},
    {"tls": Tls.VERIFIED, "content": Content(nul=True)},
    {"tls": Tls.OPPORTUNISTIC, "content": Content(Newlines.REJECT), "auth": Auth.NEVER},
    {"identity": Identity.XCLIENT, "tls": Tls.OPPORTUNISTIC, "size": 40},
    {"identity": Identity.TRANSPARENT},
    {"identity": Identity.TRANSPARENT, "tls": Tls.OPPORTUNISTIC, "auth": Auth.TLS},
    {"tls": Tls.OPPORTUNISTIC, "implicit": True, "auth": Auth.TLS},
    {"identity": Identity.TRANSPARENT, "tls": Tls.VERIFIED, "implicit": True},
    {"identity": Identity.XCLIENT, "tls": Tls.OPPORTUNISTIC, "implicit": True},
)
"""What operators may have set."""


def answer_to(asked: str, ehlo: bytes, challenge: bytes) -> bytes:
    """What an upstream says that plays along, and offers this."""
    return {"EHLO": ehlo, "AUTH": challenge}.get(asked) or ANSWERS[asked]
