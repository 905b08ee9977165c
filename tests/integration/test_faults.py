"""A mail server that misbehaves at every step, and one that does so while its connection waits.

Each time the mailboxes of the real mail server behind are counted: what the client was told 250 is
there exactly once, nothing else is there but what the mail server had taken before it could say so
(RFC 1047), and the next client is served.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.caller import Caller
from tests.integration.fault_stand import Stand, envelope, mailbox, stand
from tests.integration.faulty import How, Place, once
from tests.integration.servers import Exim, Postfix

pytestmark = pytest.mark.real

IMPATIENT = """\
[timeouts]
connect = 1.2
hello = 1.2
reply = 1.2
data_start = 1.2
data = 1.2
verdict = 1.2
handshake = 1.2
"""

HANG, CLOSE, RESET, GARBAGE, MORE = How.HANG, How.CLOSE, How.RESET, How.GARBAGE, How.MORE
GOING, STAYING = How.GOING, How.STAYING
BREAKS = (CLOSE, RESET, GARBAGE)
ENDS = (HANG, *BREAKS)
CLOSING = (GOING, STAYING)

DATA, BDAT, AGAIN = "DATA", "BDAT", "RSET and again"

# where, how it misbehaves, what the client does, what it is told, copies in the mailbox
Row = tuple[Place, tuple[How, ...], str, str, int]
TABLE: list[Row] = [
    (Place.GREETING, (*ENDS, MORE), DATA, "RCPT 451 4.4.1", 0),
    (Place.GREETING, CLOSING, DATA, "RCPT 451 4.3.2", 0),
    (Place.EHLO, (*ENDS, MORE), DATA, "RCPT 451 4.4.1", 0),
    (Place.EHLO, CLOSING, DATA, "RCPT 451 4.3.2", 0),
    (Place.MAIL, ENDS, DATA, "RCPT 451 4.4.1", 0),
    (Place.MAIL, (MORE,), DATA, "DATA 451 4.4.2", 0),
    (Place.MAIL, CLOSING, DATA, "RCPT 451 4.3.2", 0),
    (Place.RCPT, ENDS, DATA, "RCPT 451 4.4.2", 0),
    (Place.RCPT, (MORE,), DATA, "DATA 451 4.4.2", 0),
    (Place.RCPT, CLOSING, DATA, "RCPT 451 4.3.2", 0),
    (Place.DATA, ENDS, DATA, "DATA 451 4.4.2", 0),
    (Place.DATA, (MORE,), DATA, "end 451 4.4.2", 0),
    (Place.DATA, CLOSING, DATA, "DATA 451 4.3.2", 0),
    (Place.MESSAGE, (*ENDS, MORE), DATA, "end 451 4.4.2", 0),
    (Place.MESSAGE, CLOSING, DATA, "end 451 4.3.2", 0),
    (Place.DOT, ENDS, DATA, "end 451 4.4.2", 0),
    (Place.DOT, CLOSING, DATA, "end 451 4.3.2", 0),
    (Place.TAKEN, ENDS, DATA, "end 451 4.4.2", 1),
    (Place.TAKEN, CLOSING, DATA, "end 451 4.3.2", 1),
    (Place.TAKEN, (MORE,), DATA, "250", 1),
    (Place.BDAT, (*ENDS, MORE), BDAT, "BDAT 451 4.4.2", 0),
    (Place.BDAT, CLOSING, BDAT, "BDAT 451 4.3.2", 0),
    (Place.LAST, ENDS, BDAT, "BDAT 451 4.4.2", 0),
    (Place.LAST, CLOSING, BDAT, "BDAT 451 4.3.2", 0),
    (Place.TAKEN, ENDS, BDAT, "BDAT 451 4.4.2", 1),
    (Place.TAKEN, CLOSING, BDAT, "BDAT 451 4.3.2", 1),
    (Place.RSET, (*ENDS, MORE, *CLOSING), AGAIN, "250", 1),
    (Place.QUIT, (*ENDS, MORE, *CLOSING), DATA, "250", 1),
]
WITHIN_TLS: list[Row] = [
    (Place.STARTTLS, (*ENDS, MORE, *CLOSING), DATA, "RCPT 451 4.4.1", 0),
    (Place.HANDSHAKE, ENDS, DATA, "250", 1),  # TLS is opportunistic
    (Place.EHLO, CLOSING, DATA, "RCPT 451 4.3.2", 0),
    (Place.RCPT, BREAKS, DATA, "RCPT 451 4.4.2", 0),
    (Place.MESSAGE, BREAKS, DATA, "end 451 4.4.2", 0),
    (Place.DOT, BREAKS, DATA, "end 451 4.4.2", 0),
    (Place.TAKEN, BREAKS, DATA, "end 451 4.4.2", 1),
    (Place.LAST, BREAKS, BDAT, "BDAT 451 4.4.2", 0),
    (Place.TAKEN, BREAKS, BDAT, "BDAT 451 4.4.2", 1),
    (Place.QUIT, BREAKS, DATA, "250", 1),
]
NEW: list[Row] = [
    (Place.XCLIENT, ENDS, DATA, "RCPT 451 4.4.1", 0),
    (Place.XCLIENT, CLOSING, DATA, "RCPT 451 4.3.5", 0),
    (Place.MAIL, BREAKS, DATA, "RCPT 451 4.4.1", 0),
    (Place.TAKEN, BREAKS, DATA, "end 451 4.4.2", 1),
]
KEPT: list[Row] = [
    (Place.XCLIENT, (*BREAKS, *CLOSING), DATA, "250", 1),
    (Place.XCLIENT, (HANG,), DATA, "RCPT 451 4.4.1", 0),
    (Place.MAIL, (*BREAKS, *CLOSING), DATA, "250", 1),
    (Place.MAIL, (HANG,), DATA, "RCPT 451 4.4.1", 0),
    (Place.RCPT, BREAKS, DATA, "RCPT 451 4.4.2", 0),
    (Place.RCPT, CLOSING, DATA, "RCPT 451 4.3.2", 0),
    (Place.DATA, BREAKS, DATA, "DATA 451 4.4.2", 0),
    (Place.MESSAGE, BREAKS, DATA, "end 451 4.4.2", 0),
    (Place.DOT, BREAKS, DATA, "end 451 4.4.2", 0),
    (Place.TAKEN, BREAKS, DATA, "end 451 4.4.2", 1),
    (Place.BDAT, BREAKS, BDAT, "BDAT 451 4.4.2", 0),
]


def rows(table: list[Row]) -> pytest.MarkDecorator:
    """A test for each way of each row."""
    cases = [
        pytest.param(place, how, does, told, copies, id=f"{place}-{how}-{does}")
        for place, ways, does, told, copies in table
        for how in ways
    ]
    return pytest.mark.parametrize(("place", "how", "does", "told", "copies"), cases)


def steps(recipient: str, does: str) -> list[tuple[str, bytes]]:
    """What a client says up to the last octets of its message, each with its name."""
    mail, rcpt = (line.encode() + b"\r\n" for line in envelope(recipient))
    begins = [("MAIL", mail), ("RCPT", rcpt)]
    if does == BDAT:
        first, second = chunk(b"Subject: chunks\r\n\r\n"), chunk(b"hello\r\n")
        return [*begins, ("BDAT", first), ("BDAT", second), ("BDAT", b"BDAT 0 LAST\r\n")]
    if does == AGAIN:
        begins += [("RSET", b"RSET\r\n"), *begins]
    return [*begins, ("DATA", b"DATA\r\n"), ("end", b"hello\r\n.\r\n")]


def chunk(octets: bytes) -> bytes:
    return b"BDAT %d\r\n" % len(octets) + octets


async def bring(stand: Stand, recipient: str, does: str, *, pauses: bool = False) -> str:
    """Bring a message; "250", or the step that failed and its reply.

    With `pauses` the client waits amid its message until the hop has misbehaved.
    """
    return await finish(stand, await stand.client(), recipient, does, pauses=pauses)


async def finish(
    stand: Stand, client: Caller, recipient: str, does: str, *, pauses: bool = False
) -> str:
    """The same, where EHLO has been said."""
    for step, octets in steps(recipient, does):
        if step == "end":
            client.send(b"Subject: a message\r\n\r\nhello\r\n")
            if pauses:
                await stand.until(lambda: stand.hop.struck > 0, "the hop misbehaves")
        client.send(octets)
        answer = await client.answer()
        if answer[:1] not in ("2", "3"):
            return f"{step} {answer[:9]}".replace("-", " ")
    assert (await client.say("QUIT")).startswith("221")
    return "250"


async def play(stand: Stand, place: Place, how: How, does: str, told: str, copies: int) -> None:
    """One row of the table. Whatever became of it, mxward keeps one idle connection at most."""
    recipient = mailbox()
    stand.hop.script, stand.hop.struck = once(place, how), 0
    assert await bring(stand, recipient, does, pauses=place is Place.MESSAGE) == told
    await stand.until(lambda: stand.hop.struck > 0, "the hop misbehaves")
    assert await stand.serves()
    await stand.at_rest(kept=1 if stand.pools else 0)
    assert await stand.copies(recipient) == copies


@pytest.fixture(scope="module")
def base(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Stand]:
    """Before Postfix, or what the test names."""
    with stand(tmp_path_factory.mktemp("s"), getattr(request, "param", Postfix), IMPATIENT) as made:
        yield made


# -- the mail server --------------------------------------------------------------------------


@pytest.fixture
def clear(base: Stand) -> Stand:
    """Without TLS, and without XCLIENT."""
    base.serve()
    return base


@rows(TABLE)
def test_the_mail_server_misbehaves(
    clear: Stand, place: Place, how: How, does: str, told: str, copies: int
) -> None:
    clear.play(play(clear, place, how, does, told, copies))


def test_the_mail_server_refuses_to_connect(clear: Stand) -> None:
    async def scene() -> None:
        await clear.hop.refuse()
        assert await bring(clear, mailbox(), DATA) == "RCPT 451 4.4.1"
        await clear.hop.listen()
        assert await clear.serves()

    clear.play(scene())


def test_the_mail_server_does_not_answer_who_connects(clear: Stand) -> None:
    async def scene() -> None:
        await clear.hop.turn_deaf()
        assert await bring(clear, mailbox(), DATA) == "RCPT 451 4.4.1"
        await clear.hop.listen()
        assert await clear.serves()

    clear.play(scene())


def test_a_large_message_that_nobody_reads_any_further(clear: Stand) -> None:
    """The client is not read any further either, and hears why when its time is over."""

    async def scene() -> None:
        recipient = mailbox()
        clear.hop.script = once(Place.MESSAGE, HANG)
        client = await clear.client()
        for line in (*envelope(recipient), "DATA"):
            await client.say(line)
        client.send(b"0123456789abcdef\r\n" * 2_000_000 + b".\r\n")
        assert (await client.answer()).startswith("421 4.4.2")
        assert await clear.serves()
        assert await clear.copies(recipient) == 0

    clear.play(scene())


# -- and so does one that takes TLS -----------------------------------------------------------


@pytest.fixture
def secured(base: Stand) -> Stand:
    base.serve(tls=True)
    return base


@rows(WITHIN_TLS)
def test_a_mail_server_with_tls_misbehaves(
    secured: Stand, place: Place, how: How, does: str, told: str, copies: int
) -> None:
    secured.play(play(secured, place, how, does, told, copies))


# -- connections that serve one client after the other ----------------------------------------


@pytest.fixture
def pooled(base: Stand) -> Stand:
    base.serve("pool = 5", xclient=True)
    return base


async def keep_one(stand: Stand) -> None:
    """One connection is kept, and waits."""
    assert await stand.serves()
    assert stand.hop.connections == 1


@rows(NEW)
def test_a_mail_server_with_xclient_misbehaves(
    pooled: Stand, place: Place, how: How, does: str, told: str, copies: int
) -> None:
    pooled.play(play(pooled, place, how, does, told, copies))


@rows(KEPT)
def test_a_kept_connection_misbehaves(
    pooled: Stand, place: Place, how: How, does: str, told: str, copies: int
) -> None:
    async def scene() -> None:
        await keep_one(pooled)
        await play(pooled, place, how, does, told, copies)

    pooled.play(scene())


@pytest.mark.parametrize("how", [CLOSE, RESET, GARBAGE, MORE, GOING, STAYING])
@pytest.mark.parametrize("noticed", [True, False])
def test_a_kept_connection_misbehaves_while_it_waits(
    pooled: Stand, how: How, noticed: bool
) -> None:
    async def scene() -> None:
        await keep_one(pooled)
        recipient = mailbox()
        client = await pooled.client()
        pooled.hop.spoil_idle(how)
        if noticed:
            await pooled.until(lambda: not pooled.hop.connections, "it is left")
        assert await finish(pooled, client, recipient, DATA) == "250"
        assert await pooled.serves()
        assert await pooled.copies(recipient) == 1

    pooled.play(scene())


@pytest.mark.parametrize(
    ("said", "owed"),
    [
        ("RCPT", None),
        ("RCPT", Place.RCPT),
        ("DATA", Place.DATA),
        ("DATA, end", Place.DOT),
        ("RSET", Place.RSET),
        ("BDAT", Place.BDAT),
    ],
)
@pytest.mark.parametrize("last", [b"", b"QUIT\r\n"])
def test_a_connection_that_is_amid_anything_is_not_kept(
    pooled: Stand, said: str, owed: Place | None, last: bytes
) -> None:
    """The client goes away, with a QUIT or without, while the mail server owes it an answer."""
    does = {"RSET": AGAIN, "BDAT": BDAT}.get(said, DATA)

    async def scene() -> None:
        recipient = mailbox()
        await keep_one(pooled)
        client = await pooled.client()
        pooled.hop.script, pooled.hop.struck = once(owed or Place.QUIT, HANG), 0
        for step, octets in steps(recipient, does):
            client.send(octets)
            if step == said.split(", ")[-1]:
                break
            await client.answer()
        if owed:
            await pooled.until(lambda: pooled.hop.struck > 0, "the mail server owes an answer")
        else:
            await client.answer()
        client.send(last)
        client.close()
        await pooled.until(lambda: not pooled.hop.connections, "the connection is left")
        assert await pooled.serves()
        assert await pooled.copies(recipient) == 0

    pooled.play(scene())


# -- Exim -------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [Exim], indirect=True)
@rows(
    [
        (Place.MESSAGE, BREAKS, DATA, "end 451 4.4.2", 0),
        (Place.DOT, BREAKS, DATA, "end 451 4.4.2", 0),
        (Place.TAKEN, BREAKS, DATA, "end 451 4.4.2", 1),
        (Place.LAST, BREAKS, BDAT, "BDAT 451 4.4.2", 0),
        (Place.TAKEN, BREAKS, BDAT, "BDAT 451 4.4.2", 1),
    ]
)
def test_exim_misbehaves_amid_a_message(
    clear: Stand, place: Place, how: How, does: str, told: str, copies: int
) -> None:
    clear.play(play(clear, place, how, does, told, copies))
