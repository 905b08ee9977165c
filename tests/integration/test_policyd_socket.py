"""Real Exim and Postfix ask `mxward policyd` over a UNIX socket, as the guide says."""

from __future__ import annotations

import os
import re
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.policyd import ACL, GUIDE, RESTRICTIONS, Policyd
from tests.integration.servers import Exim, MailServer, Nsd, Postfix, room
from tests.integration.site import CLIENT, DNS, MAIL, THROUGH, ZONES

pytestmark = pytest.mark.real

CONFIGURATION = f"""\
[server]
addresses = ["{MAIL}"]
[inventory]
files = ["localdomains"]
[policy]
stage = "refuse"
[scanners.clean]
mx = ["clean.example"]
addresses = ["198.51.100.10"]
knows_us = true
[dns]
servers = ["{DNS}:53"]
[store]
path = "store.db"
[policyd]
"""
INET = "inet:127.0.0.1:10040"
RUN = "/run/mxward-policyd"
[FOR_POSTFIX, FOR_EXIM] = re.findall(r"`((?:unix:)?/run/mxward-policyd/policyd\.sock)`", GUIDE)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nsd]:
    room.own(DNS)
    with Nsd(tmp_path_factory.mktemp("nsd"), DNS, zones=ZONES) as server:
        yield server


@pytest.mark.parametrize(("kind", "group"), [(Exim, "Debian-exim"), (Postfix, "postfix")])
def test_asked_over_a_unix_socket(
    kind: type[MailServer], group: str, tmp_path: Path, names: Nsd
) -> None:
    behind = kind(tmp_path / "mail", MAIL, 25, domains=(THROUGH,))
    assert INET in ACL
    assert INET in RESTRICTIONS
    if isinstance(behind, Exim):
        behind.rcpt = ACL.replace(INET, FOR_EXIM).replace(RUN, "/srv")
    else:
        behind.settings = RESTRICTIONS.replace(INET, FOR_POSTFIX).replace(RUN, "/srv")
    socket = behind.directory / "policyd.sock"
    policyd = Policyd(tmp_path / "mxward", f'{CONFIGURATION}socket = "{socket}"\n')
    policyd.directory.mkdir()
    (policyd.directory / "localdomains").write_text(f"{THROUGH}\n")
    with behind, policyd:
        assert asked() != 550, "he may not use the socket yet"
        os.chown(socket, 0, room.USERS[group])
        assert asked() == 550


def asked() -> int:
    """What a stranger is told."""
    room.own(CLIENT)
    with smtplib.SMTP(MAIL, 25, "n.client.example", 30, (CLIENT, 0)) as client:
        client.ehlo()
        assert client.mail("a@client.example")[0] == 250
        return client.rcpt(f"u@{THROUGH}")[0]
