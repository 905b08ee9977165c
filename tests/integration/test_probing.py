"""The auditor's probe before real servers: each gets its true result, and no message is begun."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from ipaddress import ip_address

import pytest

from mxward.lookup.probing import Manners, Patience, Politeness, Prober, Target
from mxward.networks import Networks
from mxward.smtp import auditmark
from mxward.smtp.probed import About, Answered, Guarded, Probed, Secured
from mxward.store.database import Store
from tests.integration.probed_servers import (
    AUDITOR,
    FAKES,
    OURS,
    REAL,
    SENDER,
    Expected,
    standing,
)
from tests.integration.servers import MailServer, Postfix, room
from tests.integration.world import MAIL, World, world
from tests.lookup import mail_servers

pytestmark = pytest.mark.real

ASKED = (OURS, "elsewhere.example")
POLITENESS = Politeness(per_network=99, gap=0.1, retries=(1.0, 2.0))


def manners(key: bytes) -> Manners:
    return Manners(
        "audit.provider.example",
        sender=SENDER,
        key=key,
        sources=(ip_address(AUDITOR),),
        politeness=POLITENESS,
        patience=Patience(banner=12.0, reply=8.0),
    )


def ask(
    targets: list[Target], key: bytes, fakes: Sequence[mail_servers.MailServer] = ()
) -> list[Probed]:
    """What is found, while the fake ones stand too."""
    prober = Prober(
        targets, Networks.of("203.0.113.0/24"), manners(key), lambda: secrets.token_hex(16)
    )

    async def main() -> None:
        async with mail_servers.standing(*fakes):
            await prober.run()

    asyncio.run(main())
    return prober.results()


@dataclass
class Town:
    """All servers, and what was found of each: by name and domain."""

    servers: dict[str, MailServer]
    found: dict[tuple[str, str], Probed]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Asked once, all at the same time: the slowest makes it eight seconds."""
    with standing(tmp_path_factory.mktemp("town")) as servers:
        addresses = {name: server.address for name, server in servers.items()}
        addresses |= {name: server.address for name, (server, _) in FAKES.items()}
        addresses["nobody"] = "203.0.113.105"
        for address in addresses.values():
            room.own(address)
        names = {ip_address(address): name for name, address in addresses.items()}
        key = auditmark.key_from(b"k" * 32)
        fakes = [server for server, _ in FAKES.values()]
        found = ask([Target(server, 25, ASKED) for server in names], key, fakes)
        yield Town(servers, {(names[each.server], each.domain): each for each in found})


def compare(found: Probed, expected: Expected) -> None:
    told = {field.name: getattr(found, field.name) for field in fields(expected)}
    wanted = {field.name: getattr(expected, field.name) for field in fields(expected)}
    assert told == wanted, "\n".join((found.reply, found.why, *found.transcript))


@pytest.mark.parametrize("name", REAL)
def test_a_real_server_gets_its_true_result(town: Town, name: str) -> None:
    for domain, expected in zip(ASKED, REAL[name][2], strict=True):
        compare(town.found[name, domain], expected)


@pytest.mark.parametrize("name", FAKES)
def test_so_does_one_that_behaves_badly(town: Town, name: str) -> None:
    for domain in ASKED:
        compare_fake = FAKES[name][1]
        found = town.found[name, domain]
        assert (found.answered, found.catch_all) == (compare_fake.answered, compare_fake.catch_all)
        assert (found.why != "") is (found.answered is Answered.SILENT)


def test_where_nobody_listens(town: Town) -> None:
    assert town.found["nobody", OURS].answered is Answered.UNREACHED


def test_no_door_is_called_closed_that_is_not(town: Town) -> None:
    """Only relaying for a stranger's domain is refused by a reply that speaks of the domain."""
    said = {key for key, each in town.found.items() if each.about in (About.DOMAIN, About.LOGIN)}
    assert said
    assert {domain for _, domain in said} == {"elsewhere.example"}


def test_every_result_says_from_where_and_how(town: Town) -> None:
    for (name, domain), each in town.found.items():
        if each.answered in (Answered.ACCEPTED, Answered.REFUSED):
            assert each.source == ip_address(AUDITOR), name
            text = "\n".join(each.transcript)
            assert f"RCPT TO:<postmaster@{domain}>" in text
            assert each.reply in text
    starttls = town.found["starttls", OURS]
    assert (starttls.tls, starttls.certificate) == (Secured.STARTTLS, ("starttls.example",))


@pytest.mark.parametrize("name", REAL)
def test_the_servers_own_log_knows_of_no_message(town: Town, name: str) -> None:
    server = town.servers[name]
    assert server.count() == 0
    assert server.queued() == []
    log = server.log
    if isinstance(server, Postfix):
        ends = [line for line in log.splitlines() if f"disconnect from unknown[{AUDITOR}]" in line]
        assert ends
        assert all(" quit=1 " in line for line in ends)
        assert not any("data=" in line or "bdat=" in line for line in ends)
    else:
        assert "QUIT was said" in log
        assert "a message was begun" not in log
        assert " <= " not in log


# -- before mxward ---------------------------------------------------------------------------

STAGES = {
    "it.co.za": "refuse",
    "two.example": "defer",
    "unseen.example": "reroute",
    "observed.example": "observe",
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One mxward, with a domain in each stage."""
    with world(tmp_path_factory.mktemp("world"), Postfix) as made:
        made.mxward.kill()
        lines = "".join(f'{stage} = ["{domain}"]\n' for domain, stage in STAGES.items())
        before = 'observe = ["observed.example"]\n'
        assert before in made.mxward.configuration
        made.mxward.configuration = made.mxward.configuration.replace(before, lines)
        made.mxward.start()
        room.own(AUDITOR)
        yield made


def test_an_mxward_is_known_by_its_mark_in_every_stage(guarded: World) -> None:
    store = Store.open(guarded.mxward.directory / "store.db")  # whoever comes first makes the key
    key = auditmark.key_from(store.mark_key())
    store.close()
    domains = (*STAGES, "own.example", "stranger.example")
    results = ask([Target(ip_address(MAIL), 25, domains)], key)
    found = {each.domain: each for each in results}
    assert {domain: each.guarded for domain, each in found.items()} == {
        "it.co.za": Guarded.REFUSED,
        "two.example": Guarded.DEFERRED,
        "unseen.example": Guarded.REROUTED,
        "observed.example": None,
        "own.example": None,
        "stranger.example": None,
    }
    assert {domain: each.answered for domain, each in found.items()} == {
        "it.co.za": Answered.REFUSED,
        "two.example": Answered.DEFERRED,
        "unseen.example": Answered.ACCEPTED,
        "observed.example": Answered.ACCEPTED,
        "own.example": Answered.ACCEPTED,
        "stranger.example": Answered.DEFERRED,
    }
    for server in (guarded.mail_server, guarded.scanner):
        assert "data=" not in server.log
        assert server.count() == 0


def test_without_its_key_nothing_proves_that_it_is_one(guarded: World) -> None:
    results = ask([Target(ip_address(MAIL), 25, tuple(STAGES))], auditmark.key_from(b"x" * 32))
    assert all(each.guarded is None for each in results)
    assert any("(mxward rerouted" in each.reply for each in results)
