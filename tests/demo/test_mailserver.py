"""The mail server: whom it takes mail from and for whom, whom it takes clients for, how it dies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import pytest

from mxward.demo.dialogue import Dialogue, talk
from mxward.demo.mail import Mail, honest
from mxward.demo.play import Play
from mxward.demo.tape import Line
from mxward.smtp.identity import Identity, Peer, header
from tests.demo.worlds import without_mxward


def visit(do: Callable[[Play], Awaitable[object]]) -> tuple[Play, list[object]]:
    got: list[object] = []

    async def scene(play: Play) -> None:
        got.append(await do(play))

    play, _ = without_mxward(scene)
    return play, got


async def connect(play: Play, source: str, door: str = "mailboxes_plain") -> Dialogue:
    block = play.world.block
    tape: list[Line] = []
    return await talk(tape.append, "", block[door], block.smtp, source=block[source])


@pytest.mark.parametrize(
    ("source", "recipient", "status", "mailboxes", "relayed"),
    [
        ("anna", "shaun@it.co.za", "250", 1, 0),
        ("anna", "shaun@IT.CO.ZA", "250", 1, 0),
        ("anna", "info@xn--bcher-kva.example", "250", 1, 0),
        ("anna", "victim@elsewhere.example", "550 5.7.1", 0, 0),
        ("anna", "victim%elsewhere.example@it.co.za", "550 5.7.1", 0, 0),
        ("anna", "elsewhere.example!victim@it.co.za", "550 5.7.1", 0, 0),
        ("anna", "victim@it.co.za.elsewhere.example", "550 5.7.1", 0, 0),
        ("mail", "shaun@it.co.za", "250", 1, 0),
        ("mail", "victim@elsewhere.example", "250", 0, 1),  # its own host may
    ],
)
def test_mail_is_taken(
    source: str, recipient: str, status: str, mailboxes: int, relayed: int
) -> None:
    async def do(play: Play) -> str:
        dialogue = await connect(play, source)
        return (await dialogue.send(honest(1, recipient, "x"))).status

    play, got = visit(do)
    assert got == [status]
    server = play.world.mailserver
    assert (len(server.mailboxes), len(server.relayed)) == (mailboxes, relayed)


@pytest.mark.parametrize("identity", [Identity.PROXY_V1, Identity.PROXY_V2])
@pytest.mark.parametrize("recipient", ["shaun@it.co.za", "victim@elsewhere.example"])
def test_the_client_is_who_the_header_says(identity: Identity, recipient: str) -> None:
    """Even when the connection comes from a host that may relay."""

    async def do(play: Play) -> str:
        block = play.world.block
        worm, here = ip_address(block["worm"]), ip_address(block["mail"])
        dialogue = await connect(play, "mail", "mailboxes")
        await dialogue.push(header(identity, Peer(worm, 4242, here, 25, "x")))
        return (await dialogue.send(honest(1, recipient, "x"))).status

    play, got = visit(do)
    assert play.world.mailserver.relayed == []
    if recipient == "shaun@it.co.za":
        assert got == ["250"]
        assert [d.client for d in play.world.mailserver.mailboxes] == [play.world.block["worm"]]
    else:
        assert got == ["550 5.7.1"]


def test_without_a_header_where_one_is_due_there_is_no_service() -> None:
    async def do(play: Play) -> int:
        dialogue = await connect(play, "anna", "mailboxes")
        await dialogue.push(b"EHLO anna.example\r\n")
        return (await dialogue.hear()).code

    play, got = visit(do)
    assert got == [0]
    assert play.world.mailserver.mailboxes == []


def test_a_crash_in_the_middle_of_data_delivers_nothing_and_a_retry_does() -> None:
    mail = honest(1, "shaun@it.co.za", "Friday?")

    async def do(play: Play) -> list[int]:
        server = play.world.mailserver
        dialogue = await connect(play, "anna")
        codes = [(await dialogue.begin(mail)).code]
        before = server.listeners.heard
        await dialogue.push(mail.content[:100])
        assert await server.hears(before + 100)
        server.crash()
        codes += [(await dialogue.hear()).code, await _refused(play), len(server.mailboxes)]
        await server.recover()
        codes += [await _sent(play, mail), len(server.mailboxes)]
        return codes

    _, got = visit(do)
    assert got == [[354, 0, 0, 0, 250, 1]]


async def _refused(play: Play) -> int:
    with pytest.raises(OSError, match=r"refused|failed"):
        await connect(play, "anna")
    return 0


async def _sent(play: Play, mail: Mail) -> int:
    return (await (await connect(play, "anna")).send(mail)).code
