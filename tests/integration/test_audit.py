"""`mxward audit` on a net of real servers: NSD and unbound, Postfix and Exim, an mxward before one.

Every server gets its true verdict, and the mends that are told shut the real servers' doors: for
everybody but the scanner, and by words that prove it when they are tested again.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.mxward import Mxward
from tests.integration.servers import Exim, MailServer, Nsd, Postfix, Unbound, room, swaks

pytestmark = pytest.mark.real

ROOT_DNS, DNS = "192.0.2.54", "192.0.2.53"
AUDITOR, CLIENT = "192.0.2.77", "192.0.2.90"
POSTFIX, EXIM, GUARDED, SHUT, NOBODY = (f"203.0.113.{n}" for n in (25, 26, 27, 28, 29))
SCANNER_MX, EGRESS = "198.51.100.10", "198.51.100.20"

_FRONTED = "@ MX 10 mx.scanner.example."


def zones(count: int) -> dict[str, str | None]:
    """So many domains, the hundredth part of them in each state that is not the common one."""
    made: dict[str, str | None] = {
        "scanner.example": f'mx A {SCANNER_MX}\n_spf TXT "v=spf1 ip4:{EGRESS} -all"',
        "provider.example": f"mail A {POSTFIX}",
        "broken.example": None,
        "behind.example": f"{_FRONTED}\n@ A {POSTFIX}\n* A {POSTFIX}\nmail AAAA 2001:db8::99",
        "exim.example": f'{_FRONTED}\nsmtp A {EXIM}\n@ TXT "v=spf1 ip4:{EXIM} -all"',
        "guarded.example": f"{_FRONTED}\nmail A {GUARDED}",
        "shut.example": f"{_FRONTED}\nmail A {SHUT}\nwebmail A {NOBODY}",
        "backup.example": f"{_FRONTED}\n@ MX 20 mail.provider.example.",
        "own.example": "@ MX 10 mail.provider.example.",
        "two.example": "",
    }
    hosts = (POSTFIX, EXIM)
    # one zone file for all of the many
    many = "".join(
        f"d{n} MX 10 mx.scanner.example.\nmail.d{n} A {hosts[n % 2]}\n" for n in range(count)
    )
    made["two.example"] = many
    return made


def inventory(count: int) -> list[str]:
    named = [name for name in zones(0) if name.split(".")[0] not in ("scanner", "provider", "two")]
    return [*named, *(f"d{n}.two.example" for n in range(count))]


CONFIGURATION = f"""\
[server]
hostname = "mail.provider.example"
listen = ["{GUARDED}:25"]
upstream = "127.0.0.1:10025"
identity = "proxy-v2"
addresses = ["{GUARDED}"]
[inventory]
files = ["localdomains"]
[policy]
stage = "refuse"
[scanners.scanner]
mx = ["scanner.example"]
addresses = ["{SCANNER_MX}"]
spf = ["_spf.scanner.example"]
[audit]
networks = ["203.0.113.0/24"]
ports = [25]
sources = ["{AUDITOR}"]
[dns]
servers = ["{DNS}:53"]
[store]
path = "store.db"
"""


@dataclass
class Net:
    """Everything that stands, and how an audit of it is made."""

    directory: Path
    postfix: MailServer
    exim: MailServer
    shut: MailServer
    mxward: Mxward

    def audit(self, *words: str) -> Any:
        """The report, as a program reads it."""
        command = [sys.executable, "-m", "mxward", "audit", "--config", "mxward/mxward.toml"]
        done = subprocess.run(
            [*command, "--once", "--gap", "0", "--format", "json", *words],
            cwd=self.directory,
            env=os.environ | {"PYTHONPATH": str(Path("src").resolve())},
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert "Traceback" not in done.stderr, done.stderr
        told = json.loads(done.stdout)
        assert done.returncode == told["exit_code"]
        return told

    def visits(self) -> int:
        """How often any server speaks of the auditor."""
        return sum(server.log.count(AUDITOR) for server in (self.postfix, self.exim, self.shut))

    def begun(self) -> list[str]:
        """What any server's log says of a message."""
        logs = "\n".join(server.log for server in (self.postfix, self.exim, self.shut))
        return re.findall(r".*(?:<=|message-id|after DATA|from <.*DATA).*", logs)


@contextmanager
def net(directory: Path, count: int) -> Iterator[Net]:
    """All servers, with so many domains besides the named ones."""
    for address in (AUDITOR, CLIENT, NOBODY, SCANNER_MX, EGRESS):
        room.own(address)
    domains = inventory(count)
    (directory / "mxward").mkdir()
    (directory / "mxward" / "localdomains").write_text("\n".join(domains) + "\n")
    with (
        Nsd(directory / "nsd", ROOT_DNS, zones=zones(count)),
        Unbound(directory / "unbound", DNS, root=(ROOT_DNS, 53)),
        Postfix(directory / "postfix", POSTFIX, domains=domains) as postfix,
        Exim(directory / "exim", EXIM, domains=domains) as exim,
        Postfix(directory / "shut", SHUT, domains=["nothing.example"]) as shut,
        Postfix(directory / "guarded", "127.0.0.1", 10024, domains=domains, proxy_port=10025),
        Mxward(directory / "mxward", GUARDED, CONFIGURATION) as mxward,
    ):
        yield Net(directory, postfix, exim, shut, mxward)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    with net(tmp_path_factory.mktemp("net"), 20) as stands:
        yield stands


@pytest.fixture(scope="module")
def told(small: Net) -> Any:
    return small.audit("--probe")


def doors(told: Any) -> dict[str, dict[str, str]]:
    """By server and domain, what is said of it."""
    return {
        finding["server"]["host"]: {at["domain"]: at["verdict"] for at in finding["at"]}
        for finding in told["findings"]
        if finding["server"]
    }


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


def test_many_domains_by_one_command(tmp_path: Path, count: Callable[[int, int], int]) -> None:
    """With no other input than the configuration."""
    many = count(500, 5_000)
    with net(tmp_path, many) as stands:
        told = stands.audit("--probe")
    assert len(told["domains"]) == len(inventory(many))
    found = doors(told)
    here = {host: list(found[host].values()).count("OPEN") for host in (POSTFIX, EXIM)}
    assert here == {POSTFIX: many // 2 + 2, EXIM: many // 2 + 1}
    assert set(found[GUARDED].values()) == {"CLOSED"}
    assert len(found[GUARDED]) == many + 5  # the configuration names it
    assert stands.begun() == []


def test_nft_takes_the_mend(told: Any, tmp_path: Path) -> None:
    texts = [f["text"] for each in told["findings"] for f in each["fixes"] if f["of"] == "nftables"]
    assert texts
    for text in texts:
        command = room.command(["/opt/usr/sbin/nft", "-c", "-f", "-"], tmp_path)
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
