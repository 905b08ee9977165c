"""The scenes in which everything works: the worm, honest mail, the stages, those who may pass."""

from __future__ import annotations

from mxward.demo.mail import honest, worm
from mxward.demo.play import Outcome, Play

__all__ = ["defer_and_refuse", "honest_rerouted", "passes", "worm_observed", "worm_rerouted"]

UNSCANNED = Outcome("250", mailboxes=1, how="unscanned")
CLEANED = Outcome("250", mailboxes=1, how="via cleanmail")
PURIFIED = Outcome("250", mailboxes=1, how="via puremail")
INFECTED = Outcome("550 5.7.1", by="cleanmail")
DEFERRED = Outcome("451 4.7.1", by="mxward")
REFUSED = Outcome("550 5.7.1", by="mxward")


async def worm_observed(play: Play) -> None:
    """1: the problem."""
    play.story(
        "17 November 2010, 09:28. it.co.za pays the scanner cleanmail to keep viruses out, and its "
        "MX says so. The worm does not ask for the MX: it connects to mail.it.co.za, a name that "
        "anyone can guess. mxward stands there and only observes, which changes nothing."
    )
    await play.mxward("observe")
    seen = await play.send(worm(play.number()), "worm", brief=False)
    play.check("the worm, observed", UNSCANNED, seen)
    play.story("The virus is in Shaun's mailbox, and no scanner ever saw it. That is the problem.")


async def worm_rerouted(play: Play) -> None:
    """2: the answer."""
    play.story(
        "The same worm, and one word of the configuration changed. mxward asks for the MX in the "
        "worm's stead, and hands it to cleanmail while it waits. Nothing is queued in between: "
        "what cleanmail says is what the worm hears."
    )
    await play.mxward("reroute")
    seen = await play.send(worm(play.number()), "worm", brief=False)
    play.check("the worm, rerouted", INFECTED, seen)


async def honest_rerouted(play: Play) -> None:
    """3: nothing honest is lost."""
    play.story(
        "Much honest mail comes by the back door too: old settings, stale look-ups, hard-coded "
        "hosts. It arrives all the same, only that cleanmail has now seen it."
    )
    await play.mxward("reroute")
    mail = honest(play.number(), "shaun@it.co.za", "Friday?")
    seen = await play.send(mail, brief=False)
    play.check("honest mail, rerouted", CLEANED, seen)
    play.story("No domain needs work of its own, whatever its MX looks like.")
    for domain, what, expected in (
        ("alias.example", "an MX that is a CNAME", CLEANED),
        ("vanity.example", "an MX under a name of its own", CLEANED),
        ("xn--bcher-kva.example", "a name that is not ASCII", CLEANED),
        ("twice.example", "two scanners, the first one down", PURIFIED),
    ):
        mail = honest(play.number(), f"info@{domain}", "Friday?")
        play.check(what, expected, await play.send(mail))


async def defer_and_refuse(play: Play) -> None:
    """4: the stages in between."""
    for stage, expected, story in (
        ("defer", DEFERRED, "Stage defer asks senders to come again: those that look the MX up "
                            "anew find the front door by themselves, and nothing is lost."),
        ("refuse", REFUSED, "Stage refuse says where the front door is, whom to ask, and an id "
                            "that is in the log as well."),
    ):  # fmt: skip
        play.story(story)
        await play.mxward(stage)
        seen = await play.send(worm(play.number()), "worm")
        play.check(f"the worm, stage {stage}", expected, seen)
        seen = await play.send(honest(play.number(), "shaun@it.co.za", "Friday?"))
        play.check(f"honest mail, stage {stage}", expected, seen)


async def passes(play: Play) -> None:
    """5: those who may."""
    play.story(
        "Anna's server does as the MX says. cleanmail delivers from an address that is declared "
        "as its egress: that is the front door."
    )
    await play.mxward("reroute")
    mail = honest(play.number(), "shaun@it.co.za", "By the front door")
    seen = await play.send(mail, to="clean1", name="mx1.cleanmail.example")
    play.check("the scanner's own delivery", CLEANED, seen)
    await _trusted(play)
    await _open_doors(play)


async def _trusted(play: Play) -> None:
    play.story("Two clients were given leave to use the back door, each by its owner's word.")
    for source, domain, subject, what in (
        ("printer", "it.co.za", "Scan", "a printer trusted by address"),
        ("crm", "vanity.example", "Report", "a client trusted by confirmed name"),
    ):
        helo, sender = f"{source}.{domain}", f"{source}@{domain}"
        mail = honest(play.number(), f"shaun@{domain}", subject, helo=helo, sender=sender)
        play.check(what, UNSCANNED, await play.send(mail, source))


async def _open_doors(play: Play) -> None:
    play.story("And where no scanner stands in front, there is no door to go round.")
    for domain, what in (
        ("own.example", "own: the MX is the mail server"),
        ("half.example", "own, and a scanner too"),
        ("implicit.example", "no MX at all"),
        ("moved.example", "the MX leads to no known scanner"),
        ("null.example", "a null MX"),
        ("gone.example", "no such domain any more"),
    ):
        mail = honest(play.number(), f"info@{domain}", "Friday?")
        play.check(what, UNSCANNED, await play.send(mail))
