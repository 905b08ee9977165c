"""`mxward audit` as a user types it: what is asked, refused, told, and kept when broken off."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mxward.audit.changes import Before
from mxward.cli import main
from mxward.demo.nameserver import NameServer
from mxward.demo.zone import parse
from mxward.store.audited import AuditRun
from mxward.store.database import Store
from tests.cli.test_main import ENVIRONMENT

ZONE = """
it.co.za               MX   10 mx1.scanner.example.
it.co.za               A    127.0.0.1
two.example            MX   10 mx1.scanner.example.
mail.two.example       A    127.0.0.1
www.two.example        A    203.0.113.80
own.example            MX   10 mail.provider.example.
null.example           MX   0 .
broken.example         !    SERVFAIL
literal.example        MX   10 mx1.scanner.example.
literal.example        MX   20 192.0.2.25.
loop.example           MX   10 loop1.example.
loop1.example          CNAME loop2.example.
loop2.example          CNAME loop1.example.
long.example           MX   10 mx1.scanner.example.
long.example           TXT  "{long}"
mx1.scanner.example    A    198.51.100.1
mail.provider.example  A    127.0.0.1
"""

CONFIG = """\
[server]
hostname = "audit.provider.example"
upstream = "127.0.0.1:10025"
[inventory]
files = ["domains"]
[scanners.scanner]
mx = ["scanner.example"]
egress = ["198.51.100.0/24"]
[audit]
networks = [{networks}]
ports = [{smtp}]
tls_ports = []
[dns]
servers = ["127.0.0.1:{dns}"]
timeout = 2
[store]
path = "store.db"
"""
DOMAINS = "it.co.za\ntwo.example\nown.example\nnull.example\n"


@dataclass
class MailServer:
    """Says to each command what it is told to; keeps what it was asked."""

    says: Callable[[str], str]
    silent_over: str = "nothing"
    fallen_silent: threading.Event = field(default_factory=threading.Event)
    heard: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.provider.example ESMTP\r\n")
        while line := (await reader.readline()).decode().strip():
            self.heard.append(line)
            if self.silent_over in line:
                self.fallen_silent.set()
                await asyncio.Event().wait()
            answer = "221 bye" if line == "QUIT" else self.says(line)
            writer.write(f"{answer}\r\n".encode())
            if line == "QUIT":
                break
        writer.close()


def takes_all(line: str) -> str:
    """But relays for nobody."""
    return "550 5.7.1 relaying denied" if "@example.com>" in line else "250 ok"


def relays_not(line: str) -> str:
    return "550 5.7.1 relaying denied" if line.startswith("RCPT") else "250 ok"


@dataclass
class Premises:
    """A folder with a configuration, a name server, and a mail server on 127.0.0.1."""

    folder: Path
    mail: MailServer
    dns: int
    smtp: int

    def configure(self, networks: str = '"127.0.0.1"', more: str = "") -> None:
        text = CONFIG.format(networks=networks, smtp=self.smtp, dns=self.dns)
        (self.folder / "mxward.toml").write_text(text + more)
        (self.folder / "domains").write_text(DOMAINS)

    def run(self, *words: str) -> Result:
        arguments = ["audit", "--config", "mxward.toml", *words]
        result = CliRunner().invoke(main, arguments, prog_name="mxward")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *words: str) -> Any:
        return json.loads(self.run("--format", "json", *words).stdout)


@pytest.fixture
def premises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Premises]:
    monkeypatch.chdir(tmp_path)
    mail = MailServer(takes_all)
    names = NameServer(parse(ZONE.replace("{long}", "v=spf1 " + "ip4:192.0.2.1 " * 17), {}))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> tuple[int, int, asyncio.Server]:
        server = await asyncio.start_server(mail.talk, "127.0.0.1", 0)
        for port in range(21_053, 21_153):
            try:
                await names.start("127.0.0.1", port)
            except OSError:
                await names.stop()
            else:
                return port, server.sockets[0].getsockname()[1], server
        raise OSError("no free port for a name server")

    async def stop(server: asyncio.Server) -> None:
        await names.stop()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    dns, smtp, server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    made = Premises(tmp_path, mail, dns, smtp)
    made.configure()
    yield made
    asyncio.run_coroutine_threadsafe(stop(server), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


# -- what is found ------------------------------------------------------------------------------


def test_without_probing_nobody_is_asked(premises: Premises) -> None:
    result = premises.run()
    assert result.exit_code == 4
    assert "4 domains: 2 behind a scanner, 1 with your own server for MX" in result.stdout
    assert "127.0.0.1:25" in result.stdout
    assert premises.mail.heard == []


def test_an_open_door_is_proven(premises: Premises) -> None:
    told = premises.json("--probe")
    assert told["exit_code"] == 3
    (door,) = [each for each in told["findings"] if each["verdict"] == "OPEN"]
    assert door["server"] == {"host": "127.0.0.1", "port": premises.smtp}
    assert door["domains"] == ["it.co.za", "two.example"]
    assert any("postmaster@it.co.za" in line for line in door["evidence"])
    assert "!hosts         = <; 198.51.100.0/24" in door["fixes"][0]["text"]
    verbs = {line.split()[0].upper() for line in premises.mail.heard}
    assert verbs <= {"EHLO", "MAIL", "RCPT", "RSET", "QUIT"}, "never DATA"
    assert told["probed_from"] == ["127.0.0.1"]


def test_a_shut_door(premises: Premises) -> None:
    premises.mail.says = relays_not
    result = premises.run("--probe", "--format", "csv", "it.co.za")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    verdicts = {row["server"]: row["verdict"] for row in rows}
    assert verdicts[f"127.0.0.1:{premises.smtp}"] == "CLOSED"
    # what was known of port 25 before: nobody was asked there
    assert verdicts["127.0.0.1:25"] == "UNKNOWN"


def test_the_door_is_tested_again_by_the_command_that_is_told(premises: Premises) -> None:
    door = premises.json("--probe")["findings"][0]
    words = door["retest"].split()
    assert words[:3] == ["mxward", "audit", "--probe"]
    premises.mail.says = relays_not
    result = CliRunner().invoke(main, words[1:], prog_name="mxward")
    assert result.exit_code == 0, result.output
    assert "1 server: 1 CLOSED" in result.output


def test_a_waiver(premises: Premises) -> None:
    premises.configure(
        more='[[waivers]]\nserver = "127.0.0.1"\nowner = "anna"\nnote = "the fax gateway"\n'
    )
    told = premises.json("--probe", "it.co.za")
    assert (told["exit_code"], told["servers"]["ACCEPTED"]) == (0, 2)
    (waiver, _) = [each["waiver"] for each in told["findings"] if each["server"]]
    assert (waiver["owner"], waiver["place"]) == ("anna", "mxward.toml:18")


def test_only_what_is_new(premises: Premises) -> None:
    before = premises.run("--probe", "--format", "json", "it.co.za").stdout
    (premises.folder / "before.json").write_text(before)
    words = ["--probe", "--baseline", "before.json", "--only-new"]
    assert premises.run(*words, "it.co.za").exit_code == 0
    again = premises.json(*words)
    assert again["exit_code"] == 3
    assert ["two.example" in each["domains"] for each in again["findings"]] == [True] * 3


@pytest.mark.parametrize("wanted", ["table", "json", "jsonl", "csv", "html", "sarif", "prometheus"])
def test_every_form_tells_of_the_open_door(premises: Premises, wanted: str) -> None:
    result = premises.run("--probe", "--format", wanted)
    assert result.exit_code == 3
    assert f"127.0.0.1:{premises.smtp}" in result.stdout or '"port":' in result.stdout
    assert result.stdout.isascii() or wanted == "html"


# -- what is not probed ---------------------------------------------------------------------------


def test_what_is_not_ones_own_is_left_alone_and_named(premises: Premises) -> None:
    premises.configure(networks='"192.0.2.0/24"')
    result = premises.run("--probe", "two.example")
    assert premises.mail.heard == []
    assert (
        "1 addresses are not yours as far as the configuration tells, so they were not probed: "
        "203.0.113.80 (www.two.example); if some are, list them in networks of [audit], or say "
        "--yes-these-are-mine NETWORK"
    ) in result.output
    assert result.exit_code == 4
    assert (
        premises.run("--probe", "--yes-these-are-mine", "127.0.0.0/8", "two.example").exit_code == 3
    )


def test_a_server_of_somebody_else_is_refused(premises: Premises) -> None:
    result = premises.run("--probe", "--server", "203.0.113.80:25", "it.co.za")
    assert result.exit_code == 2
    assert (
        "203.0.113.80 is not yours, as far as the configuration tells, so it is not probed; write "
        'networks = ["203.0.113.80"] in [audit], or --yes-these-are-mine 203.0.113.80'
    ) in " ".join(result.output.split())


# -- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("--only-new", "--only-new needs a --baseline FILE to be new to"),
        ("--server mail.example:25", '"mail.example:25" is a name; write its address'),
        ("--server 192.0.2.25", '"192.0.2.25" has no port; write "192.0.2.25:25"'),
        ("--yes-these-are-mine 0.0.0.0/0", '"0.0.0.0/0" is everybody\'s'),
        ("--yes-these-are-mine mine", '"mine" is no network'),
        ("--domains nowhere", "--domains nowhere: no such file"),
        ("--domains empty", "there is no domain to audit: empty lists none"),
        ("a..b anna@it.co.za", "there is no domain to audit: DOMAIN: 'a..b' is no domain name; "),
        ("--baseline nowhere.json", "--baseline nowhere.json: cannot be read: No such file"),
        ("--baseline empty", "--baseline empty: no JSON"),
        ("--baseline list.json", "--baseline list.json: no JSON report of mxward audit"),
        ("--format pdf", "'pdf' is not one of"),
    ],
)
def test_wrong_usage_is_one_line(premises: Premises, words: str, error: str) -> None:
    (premises.folder / "empty").write_text("# nothing\n")
    (premises.folder / "list.json").write_text("[]")
    result = premises.run(*words.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert error in " ".join(result.output.split())


def test_no_inventory(premises: Premises) -> None:
    (premises.folder / "domains").write_text("\n")
    result = premises.run()
    assert result.exit_code in (2, 78)
    assert "Traceback" not in result.output


def test_bad_input_is_named(premises: Premises) -> None:
    entries = [
        "it.co.za",
        "IT.CO.ZA.",  # twice
        "anna@it.co.za",
        "co.za",
        "b\u00fccher.example",
        "literal.example",
        "loop.example",
        "broken.example",
        "long.example",
        "x" * 70 + ".example",
        "\x00\x1b[31m",
        "no.such.name.example",
    ]
    (premises.folder / "list").write_text("\n".join(entries))
    result = premises.run("--domains", "list", "--format", "json")
    told = json.loads(result.stdout)
    assert [domain["domain"] for domain in told["domains"]] == sorted(
        [
            "it.co.za",
            "xn--bcher-kva.example",
            "literal.example",
            "loop.example",
            "broken.example",
            "long.example",
            "no.such.name.example",
        ]
    )
    places = {
        f["text"].partition(": ")[0] for f in told["findings"] if f["code"] == "MXW-BAD-DOMAIN"
    }
    assert places == {"list:3", "list:4", "list:10", "list:11"}
    assert "1 domains are listed more than once" in told["remarks"]
    found = {f["subject"]: (f["code"], f["domains"]) for f in told["findings"]}
    assert found["20 192.0.2.25"] == ("MXW-MX-BROKEN", ["literal.example"])
    assert found["the MX"] == ("MXW-DNS-FAILED", ["broken.example"])
    assert found["addresses"] == ("MXW-DNS-FAILED", ["loop.example"])
    standings = {domain["domain"]: domain["standing"] for domain in told["domains"]}
    assert standings["no.such.name.example"] == "none"
    assert standings["broken.example"] == standings["loop.example"] == "unknown"


def test_two_runs_tell_the_same(premises: Premises) -> None:
    one, other = premises.json(), premises.json()
    for told in (one, other):
        del told["started_at"], told["finished_at"]
    assert one == other


# -- broken off -----------------------------------------------------------------------------------


def test_ctrl_c_keeps_what_was_found(premises: Premises) -> None:
    """The mail server falls silent over the second domain, and the operator does not wait."""
    premises.mail.silent_over = "two.example"
    command = [sys.executable, "-m", "mxward", "audit", "--config", "mxward.toml", "--probe"]
    with subprocess.Popen(
        [*command, "--format", "json"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert premises.mail.fallen_silent.wait(30)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    told = json.loads(out)
    assert told["partial"] is True
    assert len(told["domains"]) == 4
    assert "Traceback" not in err
    assert process.returncode == told["exit_code"]
    doors = {f["subject"]: f["at"] for f in told["findings"] if f["server"]}
    here = {at["domain"]: at["verdict"] for at in doors[f"127.0.0.1:{premises.smtp}"]}
    assert here["it.co.za"] == "OPEN"
    assert here.get("two.example") in (None, "UNKNOWN"), "never shut"


# -- what is kept ---------------------------------------------------------------------------------


def test_history(premises: Premises) -> None:
    """When a door opened and was shut; and what the front door was."""
    result = premises.run("--probe", "it.co.za")
    assert "this audit is not kept: store.db: there is no store yet" in result.stderr
    Store.open(premises.folder / "store.db").close()
    assert premises.run("--probe", "it.co.za").exit_code == 3
    premises.mail.says = relays_not
    premises.run("--probe", "it.co.za")
    premises.run("it.co.za")  # without probing nothing is known that could be kept
    told = json.loads(premises.run("--history", "IT.co.za", "--format", "json").stdout)
    here = [door for door in told["doors"] if door["port"] == premises.smtp]
    assert [(door["verdict"], door["how"]) for door in here] == [
        ("OPEN", "catch-all"),
        ("CLOSED", "refused"),
    ]
    shown = premises.run("--history", "it.co.za").stdout
    assert f"127.0.0.1:{premises.smtp}  OPEN     takes mail for any recipient of it" in shown
    assert "No audit has seen" in premises.run("--history", "two.example").stdout


def test_a_front_door_that_moves(premises: Premises) -> None:
    store = Store.open(premises.folder / "store.db")
    old = Before(frozenset({"old.scanner.example"}), frozenset({"198.51.100.9"}), frozenset({"x"}))
    run = AuditRun(0.0, 1.0, 1, False, False, "")
    store.audited.keep(run, [], [("it.co.za", old)])
    store.close()
    moved = [f for f in premises.json("it.co.za")["findings"] if f["code"] == "MXW-DOOR-MOVED"]
    assert [finding["text"] for finding in moved] == ["the front door has moved from x to scanner"]
    again = premises.json("it.co.za")
    assert "MXW-DOOR-MOVED" not in again["codes"]


def test_history_without_a_store(premises: Premises) -> None:
    result = premises.run("--history", "it.co.za")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("mxward: store.db: there is no store yet")


def test_ctrl_c_before_the_dns_has_answered(premises: Premises) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        nobody.settimeout(30)
        premises.dns = nobody.getsockname()[1]
        premises.configure()
        command = [sys.executable, "-m", "mxward", "audit", "--config", "mxward.toml"]
        with subprocess.Popen(
            [*command, "--format", "json"],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            nobody.recv(512)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    told = json.loads(out)
    assert (told["partial"], told["not_looked_at"], told["domains"]) == (True, 4, [])
    assert (process.returncode, "Traceback" in err) == (130, False)
