"""Clients that break off at every step, and mxward's files that vanish under it.

Each time nothing is delivered but what its client had ended, mxward keeps no descriptor of the
client's nor of the way onward, and the next client is served.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import StrEnum

import pytest

from tests.integration.caller import Caller, anything_goes
from tests.integration.fault_stand import Stand, mailbox, stand
from tests.integration.servers import Postfix

pytestmark = pytest.mark.real

IMPATIENT = """\
[timeouts]
command = 1.2
data = 1.2
handshake = 1.2
"""


class Break(StrEnum):
    """What a client does instead of going on."""

    HALF_CLOSE = "half-closes"
    CLOSE = "closes"
    RESET = "resets"
    STALL = "stalls"


HALF_CLOSE, CLOSE, RESET, STALL = Break.HALF_CLOSE, Break.CLOSE, Break.RESET, Break.STALL

M, R = "MAIL FROM:<sender@client.example>\r\n", "RCPT TO:<{to}>\r\n"
HALF = "Subject: half\r\n\r\nhalf a mess"
# what the client says before it breaks off: each piece has its answer, but for the last
TABLE: dict[str, tuple[str, ...]] = {
    "connected": ("",),
    "half a command": ("MAIL FR",),
    "MAIL": (M, ""),
    "RCPT": (M, R, ""),
    "RCPT, not answered": (M, R),
    "DATA": (M, R, "DATA\r\n", ""),
    "DATA, not answered": (M, R, "DATA\r\n"),
    "a message": (M, R, "DATA\r\n", HALF),
    "a message, all but the end": (M, R, "DATA\r\n", f"{HALF}\r\n.\r"),
    "a message of 3 MB": (M, R, "DATA\r\n", HALF + "octets\r\n" * 400_000),
    "a chunk": (M, R, "BDAT 100\r\nSubject: ha"),
    "between chunks": (M, R, "BDAT 9\r\nSubject: ", ""),
    "the last chunk": (M, R, "BDAT 9\r\nSubject: ", "BDAT 10 LAST\r\nhalf"),
    "the next message": (M, R, "RSET\r\n", M, R, "DATA\r\n", HALF),
    "STARTTLS": ("STARTTLS\r\n", ""),
    "STARTTLS, and no TLS": ("STARTTLS\r\n", "NOOP\r\n"),
}
ENDED = {
    "DATA": (M, R, "DATA\r\n", "Subject: whole\r\n\r\nwhole\r\n.\r\n"),
    "BDAT": (M, R, "BDAT 18 LAST\r\nSubject: whole\r\n\r\n"),
}
WAITED_FOR = {"RCPT, not answered", "DATA, not answered"}  # it is not the client's turn
IN_THE_CLEAR = {"STARTTLS", "STARTTLS, and no TLS"}


def rows(places: Iterable[str], ways: Iterable[Break]) -> pytest.MarkDecorator:
    cases = [(where, how) for where in places for how in ways]
    return pytest.mark.parametrize(
        ("where", "how"), [x for x in cases if x[0] not in WAITED_FOR or x[1] is not STALL]
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand(tmp_path_factory.mktemp("stand"), Postfix, IMPATIENT) as made:
        made.serve()
        yield made


async def say(client: Caller, pieces: tuple[str, ...], recipient: str) -> None:
    """All of them; the answers to all but the last."""
    for number, piece in enumerate(pieces, 1):
        client.send(piece.format(to=recipient).encode())
        if number < len(pieces):
            answer = await client.answer()
            assert answer[:1] in ("2", "3"), answer
    async with asyncio.timeout(10):
        await client.writer.drain()


async def break_off(client: Caller, how: Break) -> list[str]:
    """And what the client is told then, until the connection ends."""
    if how is RESET:
        client.reset()
        return []
    if how is CLOSE:
        client.close()
        return []
    if how is HALF_CLOSE:
        client.half_close()
    told = []
    while answer := await client.answer():
        told.append(answer[:9])
    client.close()
    return told


async def play(
    stand: Stand, pieces: tuple[str, ...], how: Break, *, tls: bool = False
) -> tuple[list[str], int]:
    """What a client is told that breaks off, and how many copies are in its recipient's mailbox."""
    recipient = mailbox()
    client = await stand.client(tls)
    await say(client, pieces, recipient)
    told = await break_off(client, how)
    await stand.at_rest()
    assert await stand.serves()
    return told, await stand.copies(recipient)


@rows(TABLE, Break)
def test_a_client_breaks_off(base: Stand, where: str, how: Break) -> None:
    told, copies = base.play(play(base, TABLE[where], how))
    assert copies == 0
    if how is STALL:
        assert told == ([] if where in IN_THE_CLEAR else ["421 4.4.2"])


@rows([where for where in TABLE if where not in IN_THE_CLEAR], (CLOSE, RESET))
def test_a_client_breaks_off_within_tls(base: Stand, where: str, how: Break) -> None:
    _, copies = base.play(play(base, TABLE[where], how, tls=True))
    assert copies == 0


@pytest.mark.parametrize("where", ["half a command", "a message", "a chunk"])
def test_a_client_stalls_within_tls(base: Stand, where: str) -> None:
    told = base.play(play(base, TABLE[where], STALL, tls=True))
    assert told == (["421 4.4.2"], 0)


@pytest.mark.parametrize("does", ENDED)
def test_a_client_that_half_closes_behind_its_message_hears_what_became_of_it(
    base: Stand, does: str
) -> None:
    assert base.play(play(base, ENDED[does], HALF_CLOSE)) == (["250 2.0.0"], 1)


@pytest.mark.parametrize("does", ENDED)
@pytest.mark.parametrize("how", [CLOSE, RESET])
@pytest.mark.parametrize("tls", [False, True])
def test_a_client_that_goes_away_behind_its_message_may_have_sent_it(
    base: Stand, does: str, how: Break, tls: bool
) -> None:
    _, copies = base.play(play(base, ENDED[does], how, tls=tls))
    assert copies in (0, 1)


# -- TLS --------------------------------------------------------------------------------------


def client_hello() -> bytes:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        anything_goes().wrap_bio(to_client, to_server).do_handshake()
    return to_server.read()


@pytest.mark.parametrize("how", Break)
@pytest.mark.parametrize(
    "octets",
    [b"", client_hello()[:1], client_hello()[:100], client_hello(), b"\x16\x03 and garbage" * 9],
    ids=["nothing", "one octet", "half a hello", "a hello", "garbage"],
)
def test_a_client_breaks_off_in_its_handshake(base: Stand, octets: bytes, how: Break) -> None:
    async def scene() -> None:
        client = await base.client()
        assert (await client.say("STARTTLS")).startswith("220")
        client.send(octets)
        await client.writer.drain()
        if how is RESET:
            client.reset()
        elif how is CLOSE:
            client.close()
        elif how is HALF_CLOSE:
            client.half_close()
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                while await client.reader.read(1 << 16):
                    pass
        client.close()
        await base.at_rest()
        assert await base.serves()

    base.play(scene())


def test_a_certificate_vanishes_while_clients_come(base: Stand) -> None:
    """The one that was read stays in force; another one is, as soon as it is there."""

    async def scene() -> None:
        folder = base.site.mxward.directory
        before = await shown(base)
        for path in folder.glob("mx.provider.example.*"):
            path.unlink()
        await base.until(lambda: "no such file" in base.site.mxward.log, "it is missed")
        assert [await shown(base) for _ in range(5)] == [before] * 5
        assert await base.serves()
        base.site.issue("mx.provider.example")
        await base.until(lambda: "could be read again" in base.site.mxward.log, "it is there")
        after = await shown(base)
        assert after != before
        assert await shown(base) == after

    base.play(scene())


async def shown(stand: Stand) -> bytes:
    """The certificate that a client is shown, which then sends a message in TLS."""
    recipient = mailbox()
    client = await stand.client(tls=True)
    certificate: bytes = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    await say(client, (*ENDED["DATA"], ""), recipient)
    client.close()
    assert await stand.copies(recipient) == 1
    return certificate
