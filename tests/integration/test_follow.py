"""`mxward follow` beside a real Exim: killed and started anew while mail comes and the log turns
round, it tells each arrival once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxward.maillog.logged import Outcome
from tests.certificates import Authority
from tests.cli.followed import followed, read_up_to, state_of, wait_until
from tests.integration import logging_servers
from tests.integration.log_traffic import FEW, ODD, Client, Place, clients_refused, play
from tests.integration.servers import Exim

pytestmark = pytest.mark.real

ADDRESS = "198.51.100.25"
CONFIG = """\
[server]
upstream = "127.0.0.1:10025"
addresses = ["198.51.100.25"]
[inventory]
files = ["domains"]
[scanners.scanner]
mx = ["scanner.example"]
[dns]
servers = ["127.0.0.1:53"]
[store]
path = "store.db"
"""


@pytest.fixture
def exim(tmp_path: Path) -> Iterator[Exim]:
    """As shipped: whom a message was for stands in later lines."""
    server = logging_servers.exim(
        tmp_path / "srv", ADDRESS, Authority(), clients_refused(4), log_selector=""
    )
    with server:
        yield server


def test_each_arrival_once(exim: Exim, tmp_path: Path) -> None:
    (tmp_path / "mxward.toml").write_text(CONFIG)
    (tmp_path / "domains").write_text("it.co.za\n")
    log = exim.directory / "logs" / "main"
    place = Place(ADDRESS, Authority().issue("client.example").write(tmp_path, "client"))
    words = ("--from-start", "--all", "--json", "--offline", "--output", "told", str(log))
    clients: list[Client] = []
    few = {kind: FEW[kind] for kind in FEW if kind != "own host"}  # that mail stays in the queue
    for number, kinds in enumerate((few, ODD, few)):
        with followed(tmp_path, *words):
            wait_until(lambda: "logs" in state_of(tmp_path), "it has begun")
            clients += play(place, kinds)
            if number == 1:
                log.rename(log.with_name("main.1"))
        # killed
    exim.wait_until_settled()
    with followed(tmp_path, *words) as last:
        wait_until(read_up_to(tmp_path, log), "the log is read")
        code, _, err = last.end()
    assert code == 0, err
    told = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    sent = Counter(
        (one.client, one.sender, recipient)
        for client in clients
        for one in client.expected
        if one.outcome is Outcome.ACCEPTED
        for recipient in dict.fromkeys(one.recipients)
        if not recipient.endswith("@elsewhere.example")  # so does this
    )
    seen = Counter((one["client"], one["sender"], one["recipient"]) for one in told)
    assert seen == sent
