"""Probing over real sockets: servers of all manners on loopback, and what is found of each."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import pytest

from mxward.lookup.probing import Manners, Patience, Politeness, Prober, Progress, Target
from mxward.networks import Networks
from mxward.smtp import auditmark
from mxward.smtp.probed import About, Answered, Guarded, Probed, Secured
from tests.certificates import Authority
from tests.lookup.mail_servers import MailServer, Talk, standing

LOOPBACK = Networks.of("127.0.0.0/8", "::1")
KEY = auditmark.key_from(b"k" * 32)
EAGER = Politeness(per_network=99, gap=0.0, retries=(0.2, 0.4))
HASTY = Patience(connect=2.0, banner=0.5, reply=0.5, farewell=0.3, session=3.0, server=6.0)
DOMAINS = ("it.test", "other.test")


def manners(**changes: object) -> Manners:
    values: dict[str, object] = {
        "host": "audit.test",
        "key": KEY,
        "politeness": EAGER,
        "patience": HASTY,
    }
    return Manners(**(values | changes))  # type: ignore[arg-type]


def tokens() -> Callable[[], str]:
    numbers: Iterator[str] = (f"{number:032x}" for number in itertools.count(1))
    return lambda: next(numbers)


def prober(*targets: Target, **changes: object) -> Prober:
    return Prober(targets, LOOPBACK, manners(**changes), tokens())


def target(server: MailServer, *domains: str) -> Target:
    return Target(ip_address(server.address), server.port, domains or DOMAINS)


def probe(server: MailServer, *domains: str, **changes: object) -> list[Probed]:
    """What is found of one server."""

    async def main() -> list[Probed]:
        async with standing(server):
            asked = prober(target(server, *domains), **changes)
            await asked.run()
            return asked.results()

    return asyncio.run(main())


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - it is others who would have to tell
            await asyncio.sleep(0.01)


def usual(line: str) -> str | None:
    """A mail server of it.test that knows its users, and relays nothing."""
    if not line.startswith("RCPT"):
        return None
    if "@it.test" not in line:
        return "554 5.7.1 Relay access denied"
    return "550 5.1.1 User unknown" if "<mxward-audit-" in line else None


@pytest.mark.parametrize("text", ["", "a b", "a\r\nDATA", "ü.test", "a" * 220])
def test_what_no_command_can_hold_is_no_manner(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        manners(host=text)
    if text and len(text) < 220:
        with pytest.raises(ValueError, match=r"."):
            manners(sender=text)
        with pytest.raises(ValueError, match=r"."):
            manners(control=text)


def test_a_usual_server() -> None:
    async def behave(talk: Talk) -> None:
        await talk.serve(usual)

    server = MailServer("127.0.0.2", behave)
    ours, other = probe(server)
    assert (ours.answered, ours.catch_all, ours.stranger) == (
        Answered.ACCEPTED,
        False,
        About.RECIPIENT,
    )
    assert ours.trusting is False
    assert (other.answered, other.about) == (Answered.REFUSED, About.DOMAIN)
    assert (ours.source, ours.banner) == (ip_address("127.0.0.1"), "220 mail.test ESMTP")
    assert [heard.lines[-2:] for heard in server.sessions] == [["RSET", "QUIT"]]


def test_by_ipv6_too() -> None:
    async def behave(talk: Talk) -> None:
        await talk.serve(usual)

    ours, other = probe(MailServer("::1", behave))
    assert (ours.answered, other.answered) == (Answered.ACCEPTED, Answered.REFUSED)
    assert ours.source == ip_address("::1")


# -- servers that do not -----------------------------------------------------------------------


async def hang(talk: Talk) -> None:
    await asyncio.sleep(60)


async def trickle(talk: Talk) -> None:
    """Octet after octet, and never a line."""
    while True:
        talk.writer.write(b"2")
        await talk.writer.drain()
        await asyncio.sleep(0.05)


async def hang_at_rcpt(talk: Talk) -> None:
    await talk.say("220 mail.test")
    while line := await talk.line():
        if not line.startswith("RCPT"):
            await talk.say("250 OK")


async def close_at_once(talk: Talk) -> None:
    pass


async def reset_at_once(talk: Talk) -> None:
    talk.reset()


async def flood(talk: Talk) -> None:
    while True:
        talk.writer.write(b"220-still greeting\r\n" * 1000)
        await talk.writer.drain()


async def one_long_line(talk: Talk) -> None:
    while True:
        talk.writer.write(b"2" * 60_000)
        await talk.writer.drain()


async def binary(talk: Talk) -> None:
    talk.writer.write(bytes(range(256)) + b"\r\n")
    await talk.line()


@pytest.mark.parametrize(
    ("behave", "why"),
    [
        (hang, "silent for 0.5 s"),
        (trickle, "silent for 0.5 s"),
        (hang_at_rcpt, "silent for 0.5 s"),
        (close_at_once, "it closes the connection"),
        (reset_at_once, "Connection reset by peer"),
        (flood, "nonsense: a reply has too many lines"),
        (one_long_line, "nonsense: a reply line is too long"),
        (binary, "nonsense: no reply line"),
    ],
)
def test_what_says_nothing_is_not_known(behave: Callable[[Talk], object], why: str) -> None:
    found = probe(MailServer("127.0.0.3", behave))  # type: ignore[arg-type]
    assert [each.domain for each in found] == [*DOMAINS]
    assert {each.answered for each in found} == {Answered.SILENT}
    assert all(each.why.startswith(why) for each in found), found


def test_a_tarpit_has_so_much_time_and_no_more() -> None:
    """What it has said by then counts; the rest is asked in further sessions, for a while."""

    async def slowly(talk: Talk) -> None:
        await talk.say("220 mail.test")
        while line := await talk.line():
            await asyncio.sleep(0.15)
            await talk.say(usual(line) or "250 OK")

    server = MailServer("127.0.0.20", slowly)
    patience = Patience(session=0.8, server=1.5)
    found = probe(server, *[f"d{n}.test" for n in range(20)], patience=patience)
    assert found[0].answered is Answered.REFUSED
    assert found[-1].answered is Answered.SILENT
    assert {each.why for each in found if "not done within 0.8 s" in each.why}
    assert len(server.sessions) == 2


def test_what_was_read_before_a_reset_counts() -> None:
    """The banner is there to be read when the reset is; nothing more is asked of the server."""

    async def busy(talk: Talk) -> None:
        await talk.say("421 4.7.0 mail.test too many connections from you")
        talk.reset()

    server = MailServer("127.0.0.4", busy)
    found = probe(server)
    assert {(each.answered, each.code) for each in found} == {(Answered.SILENT, 421)}
    assert all("too many connections" in each.why for each in found)
    assert len(server.sessions) == 1


def test_so_does_what_was_read_before_a_write_failed() -> None:
    """The server hangs up while more is being asked of it, having answered the first."""

    async def curt(talk: Talk) -> None:
        await talk.say("220 mail.test")
        await talk.line()
        await talk.say("250-mail.test", "250 PIPELINING")
        await talk.line()
        await talk.say("250 OK", "554 5.7.1 Relay access denied", "421 4.3.2 closing")
        talk.reset()

    once = Politeness(retries=())
    found = probe(MailServer("127.0.0.5", curt), politeness=once)
    assert [each.code for each in found] == [554, 421]


def test_a_reset_behind_quit_takes_nothing() -> None:
    async def rude(talk: Talk) -> None:
        await talk.say("220 mail.test")
        while line := await talk.line():
            if line == "QUIT":
                talk.reset()
                return
            await talk.say(usual(line) or "250 OK")

    found = probe(MailServer("127.0.0.6", rude))
    assert [each.answered for each in found] == [Answered.ACCEPTED, Answered.REFUSED]


def test_nobody_listens() -> None:
    asked = prober(Target(ip_address("127.0.0.7"), 25, DOMAINS))
    asyncio.run(asked.run())
    assert {each.answered for each in asked.results()} == {Answered.UNREACHED}
    assert all(each.source is None for each in asked.results())


def test_no_way_there() -> None:
    networks = Networks.of("198.19.255.0/24")  # where no test puts a server
    asked = Prober([Target(ip_address("198.19.255.1"), 25, DOMAINS)], networks, manners(), tokens())
    asyncio.run(asked.run())
    assert {each.answered for each in asked.results()} == {Answered.SILENT}
    assert {each.why for each in asked.results()} == {"no connection: Network is unreachable"}


# -- the networks that are one's own ----------------------------------------------------------


def packets() -> int:
    """How many have gone over loopback in this network, which no other process uses."""
    line = next(x for x in Path("/proc/net/dev").read_text().splitlines() if "lo:" in x)
    return int(line.split()[2])


@pytest.mark.real  # a network of its own
@pytest.mark.parametrize("spelled", ["127.0.0.9", "::ffff:127.0.0.9"])
def test_no_packet_is_sent_to_anybody_else(spelled: str) -> None:
    server = MailServer("127.0.0.9", hang)
    targets = [Target(ip_address(spelled), port, DOMAINS) for port in (25, 26, 465, 587)]
    allowed = Networks.of("127.0.0.8", "10.0.0.0/8", "::/16")

    async def main() -> list[Probed]:
        async with standing(server):
            asked = Prober(targets, allowed, manners(), tokens())
            before = packets()
            await asked.run()
            assert packets() == before
            return asked.results()

    found = asyncio.run(main())
    assert len(found) == 8
    assert {each.answered for each in found} == {Answered.NOT_ASKED}
    assert all("127.0.0.9 is not within the networks" in each.why for each in found)
    assert server.sessions == []


# -- TLS --------------------------------------------------------------------------------------


def server_context(folder: Path, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Authority().issue(*names).write(folder, "mx"))
    return context


def test_starttls_is_used_where_it_is_offered(tmp_path: Path) -> None:
    context = server_context(tmp_path, "mail.it.test", "www.it.test")

    async def behave(talk: Talk) -> None:
        await talk.say("220 mail.test")
        await talk.line()
        await talk.say("250-mail.test", "250 STARTTLS")
        await talk.line()
        await talk.say("220 go")
        await talk.secure(context)
        while line := await talk.line():
            await talk.say(usual(line) or "250 OK")

    ours, other = probe(MailServer("127.0.0.10", behave))
    assert (ours.answered, other.answered) == (Answered.ACCEPTED, Answered.REFUSED)
    assert (ours.tls, ours.certificate) == (Secured.STARTTLS, ("mail.it.test", "www.it.test"))


def test_tls_from_the_first_octet(tmp_path: Path) -> None:
    async def behave(talk: Talk) -> None:
        await talk.serve(usual)

    server = MailServer("127.0.0.11", behave, 465, server_context(tmp_path, "mail.it.test"))
    ours, _ = probe(server)
    assert (ours.answered, ours.tls) == (Answered.ACCEPTED, Secured.IMPLICIT)
    assert ours.certificate == ("mail.it.test",)


def test_who_fails_at_tls_is_asked_in_the_clear() -> None:
    async def behave(talk: Talk) -> None:
        await talk.say("220 mail.test")
        while line := await talk.line():
            if line.startswith("EHLO"):
                await talk.say("250-mail.test", "250 STARTTLS")
            elif line == "STARTTLS":
                await talk.say("220 go")
                await talk.reader.read(100)
                return
            else:
                await talk.say(usual(line) or "250 OK")

    server = MailServer("127.0.0.12", behave)
    ours, other = probe(server)
    assert (ours.answered, other.answered) == (Answered.ACCEPTED, Answered.REFUSED)
    assert ours.tls is Secured.NONE
    assert len(server.sessions) == 2


@pytest.mark.parametrize("behave", [hang, close_at_once, binary])
def test_a_port_for_tls_that_speaks_none(behave: Callable[[Talk], object]) -> None:
    found = probe(MailServer("127.0.0.13", behave, 465))  # type: ignore[arg-type]
    assert {each.answered for each in found} == {Answered.SILENT}
    assert all(each.why for each in found)


# -- more than one session --------------------------------------------------------------------


def test_a_greylister_is_asked_again() -> None:
    seen: set[str] = set()

    async def behave(talk: Talk) -> None:
        def answer(line: str) -> str | None:
            if line.startswith("RCPT") and line not in seen:
                seen.add(line)
                return "450 4.2.0 Greylisted"
            return usual(line)

        await talk.serve(answer)

    server = MailServer("127.0.0.14", behave)
    ours, other = probe(server)
    assert (ours.answered, other.answered) == (Answered.ACCEPTED, Answered.REFUSED)
    assert ours.catch_all is False  # the stranger was new in the second session, not in the third
    first, second, third = server.sessions
    assert second.began - first.ended >= 0.19
    assert [line for line in third.lines if "other.test" in line] == []


def test_an_mxward_of_our_own_is_known_by_its_mark() -> None:
    async def behave(talk: Talk) -> None:
        def answer(line: str) -> str | None:
            nonce = auditmark.nonce_of(talk.heard.lines[0].removeprefix("EHLO "))
            mark = auditmark.words(KEY, nonce, "it.test", Guarded.REROUTED)
            return f"250 2.1.5 OK {mark}" if line.startswith("RCPT") else None

        await talk.serve(answer)

    ours, other = probe(MailServer("127.0.0.15", behave))
    assert (ours.answered, ours.guarded) == (Answered.ACCEPTED, Guarded.REROUTED)
    assert (other.answered, other.guarded) == (Answered.ACCEPTED, None)


def test_politeness_as_a_server_sees_it() -> None:
    """One session at an address at a time, over all its ports, and a pause between two of them."""

    async def behave(talk: Talk) -> None:
        await talk.serve(lambda line: "554 5.7.1 Relay access denied" if "RCPT" in line else None)

    servers = [MailServer("127.0.1.1", behave, port) for port in (25, 26, 587)]
    servers += [MailServer(f"127.0.1.{n}", behave) for n in (2, 3, 4)]
    polite = Politeness(gap=0.2, retries=())

    async def main() -> None:
        async with standing(*servers):
            domains = [f"d{n}.test" for n in range(10)]
            asked = prober(*[target(each, *domains) for each in servers], politeness=polite)
            await asked.run()
            assert {each.about for each in asked.results()} == {About.DOMAIN}

    asyncio.run(main())
    sessions = sorted(
        (heard.began, heard.ended, each.address) for each in servers for heard in each.sessions
    )
    assert len(sessions) == 12  # at most eight refusals in each
    for each in {server.address for server in servers}:
        here = [(began, ended) for began, ended, address in sessions if address == each]
        for (_, ended), (began, _) in itertools.pairwise(here):
            assert began - ended >= 0.1  # the server sees both ends a little later
    for began, _, _ in sessions:
        assert sum(start <= began < end for start, end, _ in sessions) <= 2


def test_what_was_found_before_a_ctrl_c_is_kept() -> None:
    async def behave(talk: Talk) -> None:
        await talk.serve(usual)

    good, bad = MailServer("127.0.0.16", behave), MailServer("127.0.0.17", hang)
    half = MailServer("127.0.0.18", hang_at_rcpt)
    seen: list[Progress] = []

    async def main() -> list[Probed]:
        async with standing(good, bad, half):
            patient = Patience()
            asked = Prober(
                [target(good), target(bad), target(half)],
                LOOPBACK,
                manners(patience=patient),
                tokens(),
                seen.append,
            )
            running = asyncio.create_task(asked.run())
            await until(lambda: any(each.settled for each in seen) and half.sessions[0].lines[2:])
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            assert running.cancelled()
            return asked.results()

    found = asyncio.run(main())
    assert [each.answered for each in found] == [
        Answered.ACCEPTED,
        Answered.REFUSED,
        *[Answered.NOT_ASKED] * 4,
    ]
    last = seen[-1]
    assert (last.pairs, last.settled, last.sessions, last.running) == (6, 2, 1, 2)


def test_progress_says_what_is_waited_for() -> None:
    async def behave(talk: Talk) -> None:
        await talk.serve(lambda line: "450 4.2.0 later" if line.startswith("RCPT") else None)

    seen: list[Progress] = []

    async def main() -> None:
        server = MailServer("127.0.0.19", behave)
        async with standing(server):
            asked = Prober([target(server)], LOOPBACK, manners(), tokens(), seen.append)
            await asked.run()

    asyncio.run(main())
    assert [each.sessions for each in seen if each.waits] == [1, 2]
    assert all(0 < each.waits <= 0.4 for each in seen if each.waits)
    assert (seen[-1].settled, seen[-1].sessions, seen[-1].running) == (2, 3, 0)
