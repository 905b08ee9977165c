"""SIGHUP: what is right is put in force without dropping a session; what is wrong is refused."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.integration.dialogue import Dialogue
from tests.integration.servers import Postfix, room, swaks
from tests.integration.site import CLIENT, DIRECT, MAIL, OTHER, SCANNER, THROUGH, Site, site
from tests.processes import wait_until_gone

pytestmark = pytest.mark.real

SECOND = "203.0.113.27"
LISTEN = f'listen = ["{MAIL}:25"]'


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    room.own(SECOND)
    with site(tmp_path_factory.mktemp("site"), Postfix) as made:
        yield made


@pytest.fixture
def served(stand: Site) -> Site:
    """Started anew, with two workers, in stage refuse."""
    stand.start("proxy-v2", stage="refuse", server="workers = 2")
    wait(stand, lambda: "event=ready" in last_run(stand), "all workers are ready")
    return stand


def last_run(stand: Site) -> str:
    return stand.mxward.log[stand.mxward.began :]


def wait(stand: Site, true: Callable[[], bool], what: str) -> None:
    stand.mail_server.wait_until(true, 20, f"{what}\n{last_run(stand)}")


def reload(stand: Site, event: str = "reload", **changes: str) -> None:
    """Write another configuration, and have it read; wait until it is told what came of it."""
    stand.configure("proxy-v2", **{"stage": "refuse", "server": "workers = 2", **changes})
    ask(stand, event)


def ask(stand: Site, event: str = "reload") -> None:
    stand.mxward.write()
    before = last_run(stand).count(f" event={event} ")
    stand.mxward.signal(signal.SIGHUP)
    wait(stand, lambda: last_run(stand).count(f" event={event} ") > before, f"{event} is told")


def verdicts(times: int = 12) -> set[str]:
    """What a back-door client hears, of whichever worker."""
    found = set()
    for _ in range(times):
        with Dialogue(MAIL, source=OTHER) as client:
            client.say("EHLO client.example", "MAIL FROM:<a@client.example>")
            found.add(client.say(f"RCPT TO:<x@{THROUGH}>")[:9])
    return found


def settles(stand: Site, wanted: str) -> None:
    """Each worker puts it in force when it gets to it, and a few clients may all meet the same."""
    wait(stand, lambda: verdicts() == {wanted}, f"all workers say {wanted}")


def test_another_stage_is_in_force_and_sessions_under_way_go_on(served: Site) -> None:
    with Dialogue(MAIL, source=SCANNER) as first, Dialogue(MAIL, source=SCANNER) as second:
        envelope = ("EHLO x.example", "MAIL FROM:<a@x.example>", f"RCPT TO:<through@{THROUGH}>")
        first.say(*envelope, "DATA")
        second.say(*envelope[:1])
        assert verdicts() == {"550 5.7.1"}
        workers = served.mxward.workers
        reload(served, stage="defer")
        settles(served, "451 4.7.1")
        assert first.say("Subject: x\r\n\r\nhello\r\n.").startswith("250")
        assert second.say(*envelope[1:], "DATA").startswith("354")
        assert second.say("Subject: x\r\n\r\nhello\r\n.").startswith("250")
        assert served.mxward.workers == workers
    assert served.mail_server.count(f"through@{THROUGH}") == 2


def test_an_inventory_that_has_changed_is_read_at_once(served: Site) -> None:
    file = served.mxward.directory / "localdomains"
    file.write_text("other.example\n" + file.read_text())
    try:
        reload(served)
        assert "event=reload " in last_run(served)
        assert "domains=2" in last_run(served).rpartition("event=reload ")[2]
    finally:
        file.write_text(f"{THROUGH}\n")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('stage = "refuse"', 'stage = "refuze"', "mxward.toml:"),
        ("[policy]", "[policy", "mxward.toml:"),
        ('files = ["localdomains"]', 'files = ["vanished"]', "inventory: "),
        (LISTEN, 'listen = ["192.0.2.254:25"]', "no address of this machine"),
        ("mx.provider.example.pem", "vanished.pem", "no such file"),
    ],
)
def test_a_mistake_is_refused_and_all_stays(served: Site, old: str, new: str, said: str) -> None:
    served.configure("proxy-v2", stage="defer", server="workers = 2")
    if old.startswith("stage"):
        served.configure("proxy-v2", stage="refuse", server="workers = 2")
    assert old in served.mxward.configuration
    served.mxward.configuration = served.mxward.configuration.replace(old, new)
    ask(served, "reload-refused")
    [line] = [x for x in last_run(served).splitlines() if "event=reload-refused" in x]
    assert "level=loud" in line
    assert said in line
    assert verdicts() == {"550 5.7.1"}
    reload(served, stage="defer")  # and once it is mended, it is in force
    settles(served, "451 4.7.1")


def test_another_address_is_listened_on_and_the_former_no_more(served: Site) -> None:
    with Dialogue(MAIL, source=SCANNER) as session:
        session.say("EHLO x.example", "MAIL FROM:<a@x.example>", f"RCPT TO:<old@{THROUGH}>")
        old = served.mxward.workers
        served.configure("proxy-v2", stage="refuse", server="workers = 2")
        configuration = served.mxward.configuration
        served.mxward.configuration = configuration.replace(LISTEN, f'listen = ["{SECOND}:25"]')
        ask(served)
        assert swaks(SECOND, f"new@{THROUGH}", source=SCANNER).code == 0
        wait(served, lambda: not is_open(MAIL), "nobody listens on the former address")
        assert session.say("DATA").startswith("354")
        assert session.say("Subject: x\r\n\r\nhello\r\n.").startswith("250")
        assert session.say("QUIT").startswith("221")
    wait_until_gone(old)
    wait(served, lambda: len(served.mxward.workers) == 2, "the others have left")
    assert served.mail_server.count(f"old@{THROUGH}") == 1


def is_open(address: str) -> bool:
    try:
        Dialogue(address, source=CLIENT).__exit__(None, None, None)
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize("workers", [1, 4])
def test_another_number_of_workers(served: Site, workers: int) -> None:
    with Dialogue(MAIL, source=SCANNER) as session:
        reload(served, server=f"workers = {workers}")
        wait(served, lambda: len(served.mxward.workers) >= workers, "they are there")
        assert session.say("EHLO x.example", "QUIT").startswith("221")
    wait(served, lambda: len(served.mxward.workers) == workers, "the others have left")
    assert verdicts() == {"550 5.7.1"}


def test_one_that_dies_afterwards_is_followed_by_one_that_knows_the_new(served: Site) -> None:
    reload(served, stage="defer")
    served.mxward.signal(signal.SIGHUP)
    for worker in served.mxward.workers:
        os.kill(worker, signal.SIGKILL)
    wait(served, lambda: last_run(served).count("event=worker-died") == 2, "the deaths are told")
    wait(served, lambda: len(served.mxward.workers) == 2, "others take their places")
    settles(served, "451 4.7.1")


def test_a_reload_that_comes_with_the_next_and_the_next(served: Site) -> None:
    for number in range(30):
        served.configure(
            "proxy-v2", stage="defer" if number % 2 else "refuse", server="workers = 2"
        )
        served.mxward.write()
        served.mxward.signal(signal.SIGHUP)
        assert verdicts(1) <= {"451 4.7.1", "550 5.7.1"}
    settles(served, "451 4.7.1")
    assert "event=failure" not in last_run(served)
    assert swaks(MAIL, f"x@{DIRECT}", source=SCANNER).code == 0
