"""`mxward audit` on a net of real servers: every server gets its true verdict, and the mends shut
the real doors: for everybody but the scanner, by words that prove it when they are tested again.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.audit_net import (
    AUDITOR,
    CLIENT,
    EGRESS,
    EXIM,
    GUARDED,
    NOBODY,
    POSTFIX,
    SHUT,
    Net,
    doors,
    net,
)
from tests.integration.servers import Exim, MailServer, room, swaks

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    with net(tmp_path_factory.mktemp("net"), 20) as stands:
        yield stands


@pytest.fixture(scope="module")
def told(small: Net) -> Any:
    return small.audit("--probe")


def test_every_server_gets_its_true_verdict(told: Any) -> None:
    found = doors(told)
    assert found[POSTFIX]["behind.example"] == "OPEN"
    assert found[POSTFIX]["backup.example"] == "OPEN"
    assert found[EXIM]["exim.example"] == "OPEN"
    assert set(found[GUARDED].values()) == {"CLOSED"}, "an mxward that is known by its mark"
    assert found[SHUT] == {"shut.example": "CLOSED"}
    assert found[NOBODY] == {"shut.example": "CLOSED"}
    assert found["2001:db8::99"] == {"behind.example": "UNKNOWN"}  # outside
    assert "own.example" not in found[POSTFIX], "nothing is passed by there"
    assert told["exit_code"] == 3
    assert told["probed_from"] == [AUDITOR]


def test_one_row_for_each_server_the_widest_first(told: Any) -> None:
    servers = [finding for finding in told["findings"] if finding["server"]]
    assert [f["server"]["host"] for f in servers[:2]] == [POSTFIX, EXIM]
    assert [len(f["domains"]) for f in servers[:2]] == [12, 11]
    hows = {at["how"] for f in servers if f["server"]["host"] == GUARDED for at in f["at"]}
    assert hows == {"mxward-refused"}


def test_what_else_is_seen(told: Any) -> None:
    codes = {f["code"]: f for f in told["findings"] if not f["server"]}
    assert codes["MXW-BACKUP-MX"]["domains"] == ["backup.example"]
    assert codes["MXW-WILDCARD"]["domains"] == ["behind.example"]
    assert codes["MXW-MOVE-SPF"]["domains"] == ["exim.example"]
    assert codes["MXW-DNS-FAILED"]["domains"] == ["broken.example"]
    assert set(codes) == {"MXW-BACKUP-MX", "MXW-WILDCARD", "MXW-MOVE-SPF", "MXW-DNS-FAILED"}


def test_no_server_has_seen_a_message(small: Net, told: Any) -> None:
    assert small.begun() == []
    assert small.visits() > 0


def test_without_probing_nobody_is_connected_to(small: Net) -> None:
    before = small.visits()
    told = small.audit()
    assert (told["probed"], told["exit_code"]) == (False, 4)
    assert small.visits() == before
    assert "OPEN" not in {f["verdict"] for f in told["findings"]}


MORE = """
[services.another]
title = "Another Mail Security"
kind = "scanner"
mx = ["another.example", "other.example"]
spf = ["_spf.another.example"]
[scanners.another]
mx = ["another.example"]
egress = ["198.51.100.64/27"]
[[waivers]]
server = "{server}"
port = 25
owner = "anna"
note = "the fax gateway"
expires = {expires}
"""


def with_more(small: Net, expires: str) -> tuple[str, str]:
    path = small.directory / "mxward" / f"more-{expires}.toml"
    text = small.mxward.path.read_text().replace('"localdomains"', '"more-domains"')
    path.write_text(text + MORE.format(server=POSTFIX, expires=expires))
    listed = ("behind.example", "drifting.example", "uncovered.example")
    (path.parent / "more-domains").write_text("\n".join(listed) + "\n")
    return "--config", str(path)


def test_what_no_longer_fits_is_told(small: Net) -> None:
    """An egress that its vendor publishes no more, a name of the scanner's that is not covered, and
    a waiver whose time is over: it waives nothing.
    """
    told = small.audit("--probe", *with_more(small, "2020-01-01"))
    codes = {f["code"]: f for f in told["findings"] if not f["server"]}
    assert codes["MXW-EGRESS-DRIFT"]["evidence"] == [
        "declared, and not published: 198.51.100.64/27",
        "published, and not declared: 198.51.100.96/27",
    ]
    assert codes["MXW-UNCOVERED-MX"]["domains"] == ["uncovered.example"]
    assert codes["MXW-UNCOVERED-MX"]["subject"] == "in.other.example"
    assert "the fax gateway" in str(codes["MXW-WAIVER-EXPIRED"])
    assert doors(told)[POSTFIX]["behind.example"] == "OPEN"


def test_a_waiver_in_force_is_shown_as_one(small: Net) -> None:
    told = small.audit("--probe", *with_more(small, "2037-01-01"))
    assert doors(told)[POSTFIX]["behind.example"] == "ACCEPTED"
    assert "anna" in str([f for f in told["findings"] if f["server"]])


# -- the mends ------------------------------------------------------------------------------------


def apply_exim(exim: MailServer, fix: str) -> None:
    assert isinstance(exim, Exim)
    exim.rcpt = "\n".join(f"  {line}" for line in fix.split("\n")) + "\n"


def apply_postfix(postfix: MailServer, fix: str) -> None:
    """As a person would: each part into the file that its comment names."""
    settings, *files = re.split(r"^# (?=/etc/postfix/)", fix, flags=re.MULTILINE)
    for part in files:
        head, _, text = part.partition("\n")
        name = re.split("[,;]", head)[0].removeprefix("/etc/postfix/")
        (postfix.directory / name).write_text(text + "\n")
        (postfix.directory / name).chmod(0o644)
    # There is no postmap here: the same table, as text.
    settings = settings.replace("hash:/etc/postfix/", "texthash:/srv/")
    postfix.settings = settings.replace("/etc/postfix/", "/srv/")


@pytest.mark.parametrize(
    ("name", "of", "apply"),
    [("exim", "Exim", apply_exim), ("postfix", "Postfix", apply_postfix)],
)
def test_the_mend_shuts_the_door_and_no_other(
    small: Net, told: Any, name: str, of: str, apply: Callable[[MailServer, str], None]
) -> None:
    server: MailServer = getattr(small, name)
    (finding,) = [
        f for f in told["findings"] if f["server"] and f["server"]["host"] == server.address
    ]
    (fix,) = [fix["text"] for fix in finding["fixes"] if fix["of"] == of]
    server.stop()
    apply(server, fix)
    server.start()
    domain = finding["domains"][0]
    assert swaks(server.address, f"shaun@{domain}", source=CLIENT).code != 0
    assert swaks(server.address, f"shaun@{domain}", source=EGRESS).code == 0
    assert swaks(server.address, "shaun@own.example", source=CLIENT).code == 0
    again = small.audit(*finding["retest"].split()[2:], domain)
    assert (again["exit_code"], again["servers"]["CLOSED"]) == (0, 1), again["findings"]
    (at,) = [at for f in again["findings"] for at in f["at"] if at["domain"] == domain]
    assert at["how"] == "refused"


def test_nft_takes_the_mend(told: Any, tmp_path: Path) -> None:
    texts = [f["text"] for each in told["findings"] for f in each["fixes"] if f["of"] == "nftables"]
    assert texts
    for text in texts:
        command = room.command(["/opt/usr/sbin/nft", "-c", "-f", "-"], tmp_path)
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
