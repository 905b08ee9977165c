"""The client, against servers that say what a script tells them."""

from __future__ import annotations

import asyncio

import pytest

from mxward.demo.dialogue import Reply, dot_stuffed, talk
from mxward.demo.mail import Mail
from mxward.demo.tape import Kind, Line

MAIL = Mail("client.example", "a@client.example", "b@it.co.za", b"Subject: x\r\n\r\n.\r\n", "[x]")
MARK = {Kind.CLIENT: "C: ", Kind.SERVER: "S: ", Kind.TALK: ""}


def visit(*script: bytes, brief: bool = False, mail: Mail = MAIL) -> tuple[Reply, list[str], bytes]:
    """Send a message to a server that answers as scripted, then hangs up: the reply, what was
    shown, and what the server heard."""
    lines: list[Line] = []
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for said in script:
            writer.write(said)
            heard.extend(await reader.read(4096))
        writer.close()

    async def scene() -> Reply:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        dialogue = await talk(
            lines.append,
            "a -> b",
            "127.0.0.1",
            port,
            source="127.0.0.5",
            brief=brief,
            patience=1,
        )
        reply = await dialogue.send(mail)
        server.close()
        return reply

    reply = asyncio.run(scene())
    return reply, [MARK[line.kind] + line.text for line in lines], bytes(heard)


GOOD = (
    b"220 it.co.za ESMTP\r\n",
    b"250-it.co.za\r\n250-SIZE 1000\r\n250 8BITMIME\r\n",
    b"250 2.1.0 Ok\r\n",
    b"250 2.1.5 Ok\r\n",
    b"354 Go\r\n",
    b"250 2.0.0 Ok: queued as 1\r\n",
    b"221 Bye\r\n",
)


def test_a_whole_visit() -> None:
    reply, shown, heard = visit(*GOOD)
    assert reply == Reply(250, ("2.0.0 Ok: queued as 1",))
    assert shown == [
        "a -> b",
        "S: 220 it.co.za ESMTP",
        "C: EHLO client.example",
        "S: 250 it.co.za (SIZE 1000, 8BITMIME)",
        "C: MAIL FROM:<a@client.example>",
        "S: 250 2.1.0 Ok",
        "C: RCPT TO:<b@it.co.za>",
        "S: 250 2.1.5 Ok",
        "C: DATA",
        "S: 354 Go",
        "C: [x] .",
        "S: 250 2.0.0 Ok: queued as 1",
    ]
    assert heard.endswith(b"DATA\r\nSubject: x\r\n\r\n..\r\n.\r\nQUIT\r\n")


def test_briefly() -> None:
    _, shown, _ = visit(*GOOD, brief=True)
    assert shown == [
        "a -> b",
        "C: RCPT TO:<b@it.co.za>",
        "S: 250 2.1.5 Ok",
        "C: [x] .",
        "S: 250 2.0.0 Ok: queued as 1",
    ]


@pytest.mark.parametrize("brief", [False, True])
def test_what_fails_is_always_shown_once(brief: bool) -> None:
    reply, shown, heard = visit(*GOOD[:2], b"550-5.7.1 No\r\n550 5.7.1 Never\r\n", brief=brief)
    assert reply == Reply(550, ("5.7.1 No", "5.7.1 Never"))
    assert shown[-3:] == [
        "C: MAIL FROM:<a@client.example>",
        "S: 550-5.7.1 No",
        "S: 550 5.7.1 Never",
    ]
    assert b"RCPT" not in heard


@pytest.mark.parametrize(
    "script",
    [
        (),
        (b"220 it.co.za",),
        (b"HTTP/1.0 400 Bad Request\r\n",),
        (b"999 it.co.za\r\n",),
        (b"220 " + b"x" * 100_000,),
        (*GOOD[:5],),
    ],
)
def test_no_sensible_reply_is_code_0(script: tuple[bytes, ...]) -> None:
    reply, _, _ = visit(*script)
    assert reply.code == 0
    assert reply.later
    assert not reply.good


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(550, ("5.7.1 Not here",)), "550 5.7.1"),
        (Reply(451, ("4.4.3",)), "451 4.4.3"),
        (Reply(550, ("No such user",)), "550"),
        (Reply(550, ("10.0.0.1 is listed",)), "550"),
        (Reply(250, ("2.0.0 Ok: queued as 1",)), "250"),
        (Reply(250, ("",)), "250"),
    ],
)
def test_status(reply: Reply, status: str) -> None:
    assert reply.status == status


def test_dots_are_stuffed_at_the_start_of_lines_only() -> None:
    assert dot_stuffed(b".a\r\nb.\r\n..\r\n.\r\n") == b"..a\r\nb.\r\n...\r\n..\r\n"
