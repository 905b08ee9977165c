"""The whole show: the cast, the scenes in their order, and, if wished, the world left running."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random

from mxward.demo import scenes, troubles
from mxward.demo.apart import played_apart
from mxward.demo.mail import EICAR
from mxward.demo.play import Play, Row
from mxward.demo.process import DemoError
from mxward.demo.tape import Kind, Line, Write
from mxward.demo.world import World, world
from mxward.demo.zone import DOMAINS

__all__ = ["SCENES", "Scene", "show"]


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene, and the line above it."""

    title: str
    play: Callable[[Play], Awaitable[None]]


SCENES = {
    1: Scene("The worm of 2010 at the back door; mxward only observes", scenes.worm_observed),
    2: Scene("The same worm; mxward reroutes", scenes.worm_rerouted),
    3: Scene("Honest mail at the back door; mxward reroutes", scenes.honest_rerouted),
    4: Scene("The stages in between: defer and refuse", scenes.defer_and_refuse),
    5: Scene("Who may pass", scenes.passes),
    6: Scene("DNS goes away", troubles.dns_away),
    7: Scene("The mail server goes away in the middle of a message", troubles.mail_server_away),
    8: Scene("A stranger looks for an open relay", troubles.relaying),
    9: Scene("Nothing on the mail server is changed", played_apart),
}


async def show(
    numbers: Sequence[int],
    random: Random,
    write: Write,
    *,
    at_end: Callable[[Sequence[Row]], None],
    stay: bool = False,
) -> None:
    """Play scenes, hand their rows to `at_end`, and stay until cancelled where asked to.

    Raises DemoError where the world cannot be set up.
    """
    async with world(random, write) as everybody:
        _cast(everybody, write)
        play = Play(everybody, write)
        for number in numbers:
            await perform(play, number)
        at_end(play.rows)
        for why in play.left_out:
            play.story(why)
        if stay:
            await _stay(play)


async def perform(play: Play, number: int) -> None:
    """Play one scene. What stops it in the middle is a row that differs."""
    scene = SCENES[number]
    play.scene = number
    play.write(Line(Kind.TITLE, f"{number}. {scene.title}"))
    try:
        await scene.play(play)
    except (DemoError, OSError) as error:
        play.stopped(error)


def _cast(everybody: World, write: Write) -> None:
    write(Line(Kind.TITLE, "A miniature internet"))
    write(
        Line(
            Kind.STORY,
            "Real SMTP and real DNS, between programs on this machine that have addresses of "
            "their own. The mail server holds these domains; mxward stands before it.",
        )
    )
    for domain, what in DOMAINS.items():
        write(Line(Kind.CONFIG, f"{_ascii(domain):<24}{what}"))
    write(Line(Kind.STORY, "And this is all that mxward is told:"))
    for line in everybody.configuration("observe").splitlines():
        write(Line(Kind.CONFIG, line))


def _ascii(domain: str) -> str:
    return domain if domain.isascii() else domain.encode("idna").decode()


async def _stay(play: Play) -> None:
    await play.mxward("reroute")
    play.story("Everything is still running. Try it from another terminal; Ctrl-C ends it.")
    for line in by_hand(play.world, shlex.join([sys.executable, "-m", "mxward"])):
        play.write(Line(Kind.CONFIG, line))
    while True:
        play.log()
        await asyncio.sleep(0.25)


def by_hand(world: World, mxward: str) -> list[str]:
    """Where everything is, and what to type; `mxward` is how a shell calls it."""
    block, smtp, settings = world.block, world.block.smtp, world.mxward.config
    door = f"{block['mail']}:{smtp}"
    swaks = f"swaks --server {door} --to shaun@it.co.za --local-interface"
    return [
        f"mxward         {door}",
        f"mail server    {block['mailboxes']}:{smtp}, behind it; wants a PROXY header first",
        f"cleanmail      {block['clean1']}:{smtp}",
        f"puremail       {block['pure1']}:{smtp}",
        f"name server    {block['dns']}:{block.dns}",
        f"configuration  {settings}",
        "",
        "# the worm, an honest message, and a stranger",
        f"{swaks} {block['worm']} --from e-cards@hallmark.com --body '{EICAR.decode()}'",
        f"{swaks} {block['anna']} --from anna@anna.example",
        f"telnet -b {block['stranger']} {block['mail']} {smtp}",
        "",
        "# where the front door is, and why mxward decides as it does",
        f"dig @{block['dns']} -p {block.dns} it.co.za MX",
        f"{mxward} explain --config {settings} --client {block['worm']} shaun@it.co.za",
    ]
