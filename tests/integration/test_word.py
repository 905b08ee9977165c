"""The operator's word while mxward serves: every worker follows, whatever happens to the store."""

from __future__ import annotations

import os
import shlex
import signal
import smtplib
import sqlite3
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from mxward.cli import main
from mxward.model import EVERY, Stage
from mxward.store.database import Store
from mxward.store.decided import Seen
from tests.integration.dialogue import Dialogue
from tests.integration.servers import Postfix, room
from tests.integration.site import CLIENT, MAIL, OTHER, SCANNER, THROUGH, Site, site

pytestmark = pytest.mark.real

RELAY = "relay.partner.example"
PASSES, DEFERRED, REFUSED = "250 2.1.5", "451 4.7.1", "550 5.7.1"
NOBODY_ANSWERS = "451 4.4.1"
"""What rerouted mail is told here: the scanner in front has no server."""
SECOND = 1.0
PRIVATE = "10.255.0.25"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), Postfix) as made:
        small = made.mxward.directory / "small"  # where the store is: it can be filled up
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", small], check=True)
        try:
            yield made
        finally:
            made.mxward.kill()
            subprocess.run(["umount", small], check=True)


def store_of(stand: Site) -> Path:
    return stand.mxward.directory / "small" / "store.db"


def start_anew(stand: Site) -> None:
    """With two workers, in stage observe, and nothing in the store."""
    stand.mxward.kill()
    for part in store_of(stand).parent.iterdir():
        part.unlink()
    authority = stand.authority.write(stand.directory)
    issued = stand.issue("mx.provider.example")
    tls = f'client_ca = "{authority}"\ncertificates = [{issued}]'
    stand.configure("proxy-v2", server="workers = 2", tls=tls)
    configuration = stand.mxward.configuration
    stand.mxward.configuration = configuration.replace("store.db", "small/store.db")
    stand.mxward.start()
    wait(stand, lambda: "event=ready" in last_run(stand), "all workers are ready")


@pytest.fixture
def served(stand: Site) -> Site:
    """Serving, with two workers, in stage observe, and nothing is said in its store."""
    path = store_of(stand)
    if not stand.mxward.running or not path.exists():
        start_anew(stand)
        return stand
    with closing(Store.open(path)) as store:
        for entry in store.trusted.entries():
            store.trusted.remove(entry.trust.id or 0)
        store.staged.set(dict.fromkeys(store.staged.stages()), 1.0, "the tests")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM stage_history")
    settles(stand, PASSES)
    wait(stand, lambda: kept(path)[0].stage == "observe", "what was decided before is written")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM decisions")
    os.truncate(stand.mxward.directory / "log", 0)
    stand.mxward.began = 0
    return stand


def last_run(stand: Site) -> str:
    return stand.mxward.log[stand.mxward.began :]


def wait(stand: Site, true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    stand.mail_server.wait_until(true, seconds, f"{what}\n{last_run(stand)}")


def say(stand: Site, *words: str, code: int = 0) -> str:
    """A command, as the operator types it; gives what it prints."""
    done = CliRunner().invoke(
        main, [*words, "--config", str(stand.mxward.path)], prog_name="mxward"
    )
    assert done.exit_code == code, done.output
    return done.output


def verdicts(source: str = OTHER, times: int = 12, sender: str = "a@client.example") -> set[str]:
    """What a client hears, of whichever worker."""
    found = set()
    for _ in range(times):
        with Dialogue(MAIL, source=source) as client:
            client.say("EHLO client.example", f"MAIL FROM:<{sender}>")
            found.add(client.say(f"RCPT TO:<x@{THROUGH}>")[:9])
    return found


def settles(stand: Site, wanted: str, source: str = OTHER) -> None:
    wait(stand, lambda: verdicts(source) == {wanted}, f"all workers say {wanted}")


def words(stand: Site) -> list[str]:
    return [line for line in last_run(stand).splitlines() if " event=word " in line]


def test_a_stage_is_seen_by_every_worker_within_a_second(served: Site) -> None:
    assert verdicts() == {PASSES}
    under_way = Dialogue(MAIL, source=OTHER)
    under_way.say("EHLO client.example", "MAIL FROM:<a@client.example>")
    say(served, "stage", THROUGH, "--set", "refuse", "--by", "anna", "--note", "the first of all")
    wait(served, lambda: len(words(served)) == 2, "both workers have heard it")
    assert verdicts() == {REFUSED}
    with under_way:
        assert under_way.say(f"RCPT TO:<x@{THROUGH}>").startswith(REFUSED)
    with closing(Store.open(store_of(served), read_only=True)) as store:
        (change,) = store.staged.history()
    assert {word_of("worker", line) for line in words(served)} == {"0", "1"}
    for line in words(served):
        heard = datetime.fromisoformat(word_of("time", line)).timestamp()
        assert 0 <= heard - change.at < SECOND + 0.001
    shown = say(served, "explain", "--client", OTHER, f"x@{THROUGH}")
    assert f"refuse, as of {THROUGH}, set by anna on " in shown


def word_of(key: str, line: str) -> str:
    return dict(pair.split("=", 1) for pair in line.split())[key]


def test_the_last_change_is_rolled_back(served: Site) -> None:
    say(served, "stage", "--all", "--set", "defer")
    settles(served, DEFERRED)
    say(served, "stage", THROUGH, "--set", "refuse")
    settles(served, REFUSED)
    say(served, "stage", "--roll-back")
    settles(served, DEFERRED)
    say(served, "stage", "--roll-back", "--by", "ben")
    settles(served, PASSES)
    told = say(served, "stage", "--history")
    assert told.count("rolled back") == 2
    assert "ben" in told


def test_who_is_trusted_comes_in_and_is_shut_out_again(served: Site) -> None:
    say(served, "stage", "--all", "--set", "refuse")
    settles(served, REFUSED)
    who = ("--owner", "anna", "--note", "a printer", "--expires", "30d")
    say(served, "trust", "add", "--network", OTHER, "--for", THROUGH, *who)
    settles(served, PASSES)
    assert verdicts(CLIENT) == {REFUSED}
    say(served, "trust", "expire", "1")
    settles(served, REFUSED)
    say(served, "trust", "expire", "1", "--at", "never")
    settles(served, PASSES)
    say(served, "trust", "remove", "1")
    settles(served, REFUSED)
    say(served, "trust", "add", "--name", "one.client.example", *who)  # by a look-up
    settles(served, PASSES, CLIENT)
    assert verdicts(OTHER) == {REFUSED}


def test_what_the_stages_change_elsewhere_follows(served: Site) -> None:
    """EHLO says that recipients may have to go apart; hidden domains get the strictest stage."""
    assert offered() == {False}
    say(served, "stage", THROUGH, "--set", "reroute")
    settles(served, NOBODY_ANSWERS)
    wait(served, lambda: offered() == {True}, "all say that recipients may have to go apart")
    with Dialogue(MAIL, source=OTHER) as client:
        client.say("EHLO client.example", "MAIL FROM:<a@client.example>")
        assert client.say("RCPT TO:<x%elsewhere.example@direct.example>").startswith(REFUSED)
    say(served, "stage", THROUGH, "--set", "observe")
    settles(served, PASSES)
    wait(served, lambda: offered() == {False}, "and no more")


def offered(times: int = 12) -> set[bool]:
    """Whether only recipients of one domain are taken together, as EHLO says it."""
    found = set()
    for _ in range(times):
        with closing(smtplib.SMTP(MAIL, 25, source_address=(OTHER, 0))) as client:
            client.ehlo()
            found.add("RCPTDOMAINMAX=1" in client.esmtp_features["limits"])
    return found


def test_clients_are_asked_for_certificates_from_now_on(served: Site) -> None:
    say(served, "stage", "--all", "--set", "refuse")
    settles(served, REFUSED)
    issued = served.authority.issue(RELAY)
    chain, key = issued.write(served.directory, RELAY)
    assert with_certificate(chain, key) == {550}
    say(
        *(served, "trust", "add", "--certificate", RELAY, "--owner", "anna"),
        *("--note", "the partner", "--expires", "never"),
    )
    wait(served, lambda: with_certificate(chain, key) == {250}, "the partner comes in")
    assert verdicts() == {REFUSED}


def with_certificate(chain: str, key: str, times: int = 8) -> set[int]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(chain, key)
    found = set()
    for _ in range(times):
        with closing(smtplib.SMTP(MAIL, 25, source_address=(OTHER, 0))) as client:
            client.starttls(context=context)
            client.ehlo()
            client.mail("a@client.example")
            found.add(client.rcpt(f"x@{THROUGH}")[0])
    return found


def test_a_reload_keeps_what_the_store_says(served: Site) -> None:
    say(served, "stage", "--all", "--set", "refuse", "--force")
    say(
        *(served, "trust", "add", "--network", CLIENT, "--owner", "anna"),
        *("--note", "x", "--expires", "1d"),
    )
    settles(served, REFUSED)
    settles(served, PASSES, CLIENT)
    before = served.mxward.configuration
    try:
        reload(served, before.replace('stage = "observe"', 'stage = "defer"'))
        assert verdicts(times=30) == {REFUSED}
        assert verdicts(CLIENT, times=30) == {PASSES}
        say(served, "stage", "--roll-back")
        settles(served, DEFERRED)  # what the configuration says now
    finally:
        reload(served, before)


def reload(stand: Site, configuration: str) -> None:
    stand.mxward.configuration = configuration
    stand.mxward.write()
    before = last_run(stand).count(" event=reload ")
    stand.mxward.signal(signal.SIGHUP)
    wait(stand, lambda: last_run(stand).count(" event=reload ") > before, "it is reloaded")


def test_a_stage_that_is_not_safe_with_the_configuration_in_force_is_not_taken(
    served: Site,
) -> None:
    """Here the store is written past the command, which would not have done it."""
    before = served.mxward.configuration
    unsafe = before.replace(f'addresses = ["{MAIL}"]', "", 1)
    listen = f'listen = ["{MAIL}:25"'
    assert listen in unsafe
    room.own(PRIVATE)
    try:
        reload(served, unsafe.replace(listen, f'{listen}, "{PRIVATE}:25"'))
        told = say(served, "stage", "--all", "--set", "refuse", code=78)
        assert "no stage but observe is safe" in told
        with closing(Store.open(store_of(served))) as store:
            store.staged.set({EVERY: Stage.REFUSE}, 1.0, "somebody")
        wait(served, lambda: last_run(served).count("event=word-refused") >= 2, "it is told")
        settles(served, PASSES)
        reload(served, before)  # and once it is mended, the word is heard
        settles(served, REFUSED)
    finally:
        reload(served, before)


def test_what_came_by_the_back_door_is_kept_and_holds_a_domain_back(served: Site) -> None:
    assert verdicts(sender="billing@partner.example") == {PASSES}
    path = store_of(served)
    wait(served, lambda: len(of_the_partner(path)) == 12, "the store has it")
    assert {(d.client, d.domain, d.door, d.would) for d in of_the_partner(path)} == {
        (OTHER, THROUGH, "back", "refuse")
    }
    with closing(sqlite3.connect(path)) as connection, connection:  # it began a week ago
        connection.execute("UPDATE decisions SET at = at - 86400 * (id % 8)")
    held = say(served, "stage", "--all", "--set", "refuse", code=1)
    assert f"{THROUGH} stays at observe" in held
    assert verdicts() == {PASSES}
    command = next(line for line in held.splitlines() if line.startswith("mxward trust add"))
    assert f"--network {OTHER} --for {THROUGH} " in command
    done = CliRunner().invoke(main, shlex.split(command)[1:])
    assert done.exit_code == 0, done.output
    say(served, "stage", "--all", "--set", "refuse")
    settles(served, REFUSED, CLIENT)
    assert verdicts() == {PASSES}  # it is trusted


def of_the_partner(path: Path) -> list[Seen]:
    return [each for each in kept(path) if each.sender_domain == "partner.example"]


def kept(path: Path) -> tuple[Seen, ...]:
    with closing(Store.open(path, read_only=True)) as store:
        return store.decided.newest()


# -- whatever happens to the store ----------------------------------------------------------------


@contextmanager
def replaced(stand: Site) -> Iterator[None]:
    path = store_of(stand)
    path.rename(path.with_name("elsewhere.db"))
    Store.open(path).close()
    yield
    path.unlink()


@contextmanager
def overwritten(stand: Site) -> Iterator[None]:
    """In place, by somebody who took it for something else."""
    path = store_of(stand)
    whole = path.read_bytes()
    wal = path.with_name("store.db-wal")
    with path.open("r+b") as file:
        file.write(b"\xa5" * len(whole))
    if wal.exists():
        with wal.open("r+b") as file:
            file.write(b"\xa5" * wal.stat().st_size)
    yield
    path.unlink()


@contextmanager
def locked(stand: Site) -> Iterator[None]:
    with closing(sqlite3.connect(store_of(stand))) as holder:
        holder.isolation_level = None
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


@contextmanager
def full(stand: Site) -> Iterator[None]:
    with closing(sqlite3.connect(store_of(stand))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what is there could be reused
    filler = store_of(stand).with_name("filler")
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    yield
    filler.unlink()


class Traffic:
    """Mail by both doors, one message after the other, until it is told to end."""

    def __init__(self, stand: Site, name: str) -> None:
        self.front: Counter[str] = Counter()
        self.back: Counter[str] = Counter()
        self._stand = stand
        self._name = name
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(4)]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        while not self._ended.is_set():
            source, counts = ((OTHER, self.back), (SCANNER, self.front))[number % 2]
            counts[self._bring(source)] += 1

    def _bring(self, source: str) -> str:
        try:
            with Dialogue(MAIL, source=source) as client:
                client.say("EHLO client.example", "MAIL FROM:<a@client.example>")
                answer = client.say(f"RCPT TO:<{self._name}@{THROUGH}>")
                if not answer.startswith("250"):
                    return answer[:9]
                client.say("DATA")
                return client.say("Subject: x\r\n\r\nhello\r\n.")[:3]
        except OSError as error:
            return repr(error)


@pytest.mark.parametrize("trouble", [locked, full, replaced, overwritten])
def test_it_serves_on_by_what_it_knows_whatever_becomes_of_the_store(
    served: Site, trouble: Callable[[Site], object]
) -> None:
    say(served, "stage", "--all", "--set", "refuse", "--force")
    settles(served, REFUSED)
    name = trouble.__name__
    with Traffic(served, name) as traffic:
        wait(served, lambda: traffic.front["250"] > 20, "mail flows")
        with trouble(served):  # type: ignore[attr-defined]
            wait(served, lambda: "event=store-failed level=loud" in last_run(served), "it is told")
            before = traffic.front["250"]
            wait(served, lambda: traffic.front["250"] > before + 50, "mail flows on")
        if trouble in (locked, full):
            wait(served, lambda: "event=store-works" in last_run(served), "and that it works again")
    assert set(traffic.front) == {"250"}
    assert set(traffic.back) == {REFUSED}
    served.mail_server.wait_until_settled()
    assert served.mail_server.count(f"{name}@{THROUGH}") == traffic.front["250"]
    assert "event=worker-died" not in last_run(served)
    if trouble in (locked, full):  # its word is heard again, too
        say(served, "stage", "--all", "--set", "defer", "--force")
        settles(served, DEFERRED)
