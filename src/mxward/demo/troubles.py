"""The scenes in which something goes wrong: DNS is away, the mail server dies, strangers relay."""

from __future__ import annotations

from mxward.demo.config import HOSTNAME
from mxward.demo.dialogue import dot_stuffed
from mxward.demo.mail import Mail, honest, worm
from mxward.demo.play import Outcome, Play, back_door
from mxward.demo.scenes import CLEANED, INFECTED, UNSCANNED
from mxward.demo.tape import Kind
from mxward.demo.zone import ELSEWHERE

__all__ = ["dns_away", "mail_server_away", "relaying"]

UNKNOWN = Outcome("451 4.4.3", by="mxward")
BROKEN_OFF = Outcome("451 4.4.2", by="mxward")
UNREACHABLE = Outcome("451 4.4.1", by="mxward")
DENIED_BEHIND = Outcome("550 5.7.1", relayed=0)
DENIED_BEFORE = Outcome("550 5.7.1", by="mxward", relayed=0)
PUT_OFF_BEFORE = Outcome("451 4.7.1", by="mxward", relayed=0)


async def dns_away(play: Play) -> None:
    """6: DNS never opens or shuts a door by failing."""
    play.story("While all is well, mxward learns the front door of it.co.za.")
    await play.mxward("reroute")
    mail = honest(play.number(), "shaun@it.co.za", "Friday?")
    play.check("while there is DNS", CLEANED, await play.send(mail))
    play.story("Now the name servers fall silent, and mxward is started anew on top of it.")
    play.world.nameserver.silent = True
    try:
        await play.mxward("reroute", anew=True)
        late = await _without_dns(play)
    finally:
        play.world.nameserver.silent = False
    play.story("DNS is back. Two domains' own name servers still fail; they can only wait.")
    for domain, what in (("broken.example", "SERVFAIL"), ("silent.example", "no answer")):
        mail = honest(play.number(), f"info@{domain}", "Friday?")
        play.check(f"look-ups end in {what}", UNKNOWN, await play.send(mail))
    play.story("And Anna's server tries again, until mxward has asked the DNS again.")
    play.check("the retry, now that DNS is back", CLEANED, await play.retry(late))


async def _without_dns(play: Play) -> Mail:
    play.story("The front doors that it has seen are remembered: they hold.")
    seen = await play.send(worm(play.number()), "worm")
    play.check("no DNS: the worm, front door remembered", INFECTED, seen)
    mail = honest(play.number(), "shaun@it.co.za", "Monday?")
    play.check("no DNS: honest, front door remembered", CLEANED, await play.send(mail))
    play.story("A domain that it has never seen can wait; where mxward only observes, it passes.")
    late = honest(play.number(), "info@late.example", "Friday?")
    play.check("no DNS: never seen, enforced", UNKNOWN, await play.send(late))
    mail = honest(play.number(), "info@watched.example", "Friday?")
    play.check("no DNS: never seen, observed", UNSCANNED, await play.send(mail))
    return late


async def mail_server_away(play: Play) -> None:
    """7: nothing is accepted on credit."""
    play.story("Anna is in the middle of her message when the mail server dies.")
    await play.mxward("reroute")
    mail = honest(play.number(), "info@own.example", "Friday?")
    try:
        play.check("cut off in the middle of DATA", BROKEN_OFF, await _cut_off(play, mail))
        play.story("Her server tries again, first too early, then when the mail server is back.")
        play.check("a retry too early", UNREACHABLE, await play.send(mail))
    finally:
        await play.world.mailserver.recover()
    play.check("the retry: delivered once", UNSCANNED, await play.retry(mail))


async def _cut_off(play: Play, mail: Mail) -> Outcome:
    server, content = play.world.mailserver, dot_stuffed(mail.content)
    half = len(content) // 2
    dialogue = await play.open("anna", to="mail", name=back_door(mail))
    reply = await dialogue.begin(mail)
    if reply.code == 354:
        heard = server.listeners.heard
        dialogue.show(Kind.CLIENT, f"[the first {half} of {len(content)} octets]")
        await dialogue.push(content[:half])
        await server.hears(heard + half)
        server.crash()
        dialogue.show(Kind.NOTE, "the mail server dies")
        dialogue.show(Kind.CLIENT, "[the rest] .")
        await dialogue.push(content[half:] + b".\r\n")
        reply = await dialogue.hear()
    await dialogue.quit()
    return play.outcome(mail, reply, "anna")


async def relaying(play: Play) -> None:
    """8: never an open relay."""
    play.story(
        "The mail server relays for the host it runs on, as Postfix does by default, and mxward "
        "runs on that host. First, that the danger is real: somebody on the host itself."
    )
    mail = honest(play.number(), f"victim@{ELSEWHERE}", "Cheap watches")
    play.check("control: from the host itself", Outcome("250", relayed=1), await _local(play, mail))
    play.story("Now a stranger, through mxward. The mail server is told who connects, and denies.")
    for stage, disguised in (
        ("observe", DENIED_BEHIND),
        ("defer", PUT_OFF_BEFORE),
        ("refuse", DENIED_BEFORE),
        ("reroute", DENIED_BEFORE),
    ):
        await _try_to_relay(play, stage, "proxy-v2", DENIED_BEHIND, disguised)
    play.story("Where the mail server is told nothing of clients, mxward denies in its stead.")
    for stage in ("observe", "defer", "refuse", "reroute"):
        await _try_to_relay(play, stage, "none", DENIED_BEFORE, DENIED_BEFORE)


async def _try_to_relay(
    play: Play, stage: str, identity: str, denied: Outcome, disguised: Outcome
) -> None:
    await play.mxward(stage, identity)
    mail = honest(play.number(), f"victim@{ELSEWHERE}", "Cheap watches")
    seen = await play.send(mail, "stranger", name=HOSTNAME)
    play.check(f"relay: {stage}, {identity}", denied, seen)
    mail = honest(play.number(), f"victim%{ELSEWHERE}@it.co.za", "Cheap watches")
    seen = await play.send(mail, "stranger", name=HOSTNAME)
    play.check(f"relay by %: {stage}, {identity}", disguised, seen)


async def _local(play: Play, mail: Mail) -> Outcome:
    return await play.send(mail, "mail", to="mailboxes_plain", name="the mail server itself")
