"""Exim with the rules that `mxward lockdown exim` writes: it answers as `mxward explain` says."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest

from mxward.lockdown import exim as rules
from mxward.lockdown.exim import For
from mxward.lockdown.groups import Group
from mxward.lockdown.sealing import Verdict
from mxward.lockdown.written import Step, Written
from tests.integration import locked
from tests.integration.locked import CLIENTS, PASSWORD, SHUT, USER
from tests.integration.servers import Exim, room
from tools import debian_cache

pytestmark = pytest.mark.real

INSTALLED = "/srv/mxward"
DEBIAN = """\
dc_eximconfig_configtype='internet'
dc_other_hostnames='deny.example'
dc_local_interfaces=''
dc_use_split_config='{split}'
"""
AUTHENTICATORS = f"""\
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{USER}}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}
  server_set_id = $auth2
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[locked.Locked]:
    with locked.provider(tmp_path_factory.mktemp("provider")) as made:
        yield made


def exim(directory: Path, address: str, rcpt: str = "") -> Exim:
    server = Exim(directory, address, domains=locked.TAKEN)
    server.authenticators, server.rcpt = AUTHENTICATORS, rcpt
    return server


@dataclass(frozen=True)
class Stand:
    """A locked Exim, and its like without rules."""

    exim: Exim
    family: int


@pytest.fixture(
    scope="module", params=[("cdb", 4), ("cdb", 6), ("lsearch", 4)], ids=lambda p: f"{p[0]}-{p[1]}"
)
def stand(
    request: pytest.FixtureRequest,
    provider: locked.Locked,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stand]:
    kind, family = request.param
    folder = tmp_path_factory.mktemp("exim")
    words = ["--tables", kind, "--installed", INSTALLED, "--out", f"{folder}/shut/mxward"]
    code, told = provider.mxward("lockdown", "exim", *words)
    assert code == 0, told
    shut = exim(folder / "shut", locked.LOCKED[family], f"  .include {INSTALLED}/rcpt.acl")
    with shut, exim(folder / "open", locked.OPEN[family]):
        yield Stand(shut, family)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_reply_is_what_the_rule_says(
    stand: Stand, provider: locked.Locked, client: str
) -> None:
    assert locked.check(provider, stand.family, client) == locked.RULED[client]


def test_each_domain_is_closed_to_all_but_its_own_scanner(stand: Stand) -> None:
    locked.check_scanners(stand.family)


def test_a_domain_may_be_spelled_as_the_client_likes(stand: Stand) -> None:
    client = CLIENTS["stranger"][stand.family]
    spelled = ["x@D0.Refuse.EXAMPLE", "x@bücher.refuse.example", f"x@{locked.ABROAD}"]
    assert locked.said_utf8(locked.LOCKED[stand.family], client, spelled) == [SHUT["refuse"]] * 3


def test_who_would_be_stopped_is_in_the_log_and_nobody_else(stand: Stand) -> None:
    before = len(stand.exim.log)
    for name in ("its scanner", "trusted", "stranger"):
        client = CLIENTS[name][stand.family]
        assert locked.said(locked.LOCKED[stand.family], client, ["x@d3.observe.example"]) == [
            "250 Accepted"
        ]
    lines = [line for line in stand.exim.log[before:].splitlines() if "mxward" in line]
    assert len(lines) == 1
    assert f"[{CLIENTS['stranger'][stand.family]}]" in lines[0]
    assert lines[0].endswith("Warning: mxward: back door to d3.observe.example (warn)")


def test_the_checks_of_the_readme(stand: Stand) -> None:
    readme = (stand.exim.directory / "mxward" / "README.md").read_text()
    ask, play = re.findall(r"^   (.*exim -b[eh] .*)$", readme, re.MULTILINE)
    assert in_the_room(stand.exim, ask).strip().startswith(("defer:via_", "deny:via_"))
    assert "taken at its MX only" in in_the_room(stand.exim, play)
    assert in_the_room(stand.exim, "exim -bV").endswith("Configuration file is /srv/exim.conf\n")


def test_every_domain_is_found(stand: Stand) -> None:
    folder = stand.exim.directory / "mxward"
    name = next(path.name for path in folder.glob("domains*"))
    kind = "cdb" if name.endswith("cdb") else "lsearch"
    ask = "".join(f"${{lookup{{{d}}}{kind}{{{INSTALLED}/{name}}}}}\n" for d in locked.DOMAINS)
    (stand.exim.directory / "asked").write_text(ask)
    answers = in_the_room(stand.exim, "exim -be </srv/asked").removeprefix("> ").split("\n> ")
    verdicts = {"observe": "warn", "refuse": "deny", "own": ""}
    for domain, answer in zip(locked.DOMAINS, answers, strict=False):
        stage = domain.split(".")[-2]
        assert answer.partition(":")[0] == verdicts.get(stage, "defer"), domain


def in_the_room(server: Exim, shell: str, folder: str = "/srv") -> str:
    """What a shell says beside a server; `exim` is the server's, and `systemctl` does nothing."""
    programs = {"exim": '/opt/usr/sbin/exim4 -C /srv/exim.conf "$@"', "systemctl": ":"}
    programs["update-exim4.conf"] = "sh /srv/tool -o /srv/exim.conf"
    (server.directory / "bin").mkdir(exist_ok=True)
    for name, line in programs.items():
        path = server.directory / "bin" / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
    script = f"PATH=/srv/bin:$PATH; cd {folder} && {shell}"
    command = room.command(["sh", "-c", script], server.directory)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (shell, done.stderr)
    return done.stdout


def small(server: Exim, folder: str = "mxward", variant: For = For.EXIM) -> Written:
    """Rules for a few domains, in the directory of a server."""
    network = (ip_network("198.51.100.16/28"),)
    domains = {f"{verdict}.example": verdict for verdict in Verdict}
    group = Group("via_clean_1", ("clean",), (), network, (), domains)
    written = rules.write([group], INSTALLED, variant=variant)
    for name, content in written.files.items():
        path = server.directory / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return written


def test_where_a_table_is_missing_nothing_is_lost(tmp_path: Path) -> None:
    server = exim(tmp_path, "203.0.113.28", f"  .include {INSTALLED}/rcpt.acl")
    server.domains = tuple(f"{verdict}.example" for verdict in Verdict)
    small(server)
    to = [f"x@{domain}" for domain in server.domains]
    with server:
        replies = locked.said(server.address, "192.0.2.9", to)
        assert replies == ["250 Accepted", SHUT["defer"], SHUT["refuse"]]
        (tmp_path / "mxward" / "networks" / "via_clean_1").unlink()
        replies = locked.said(server.address, "192.0.2.9", to)
        assert [reply[:3] for reply in replies] == ["250", "451", "451"]
        (tmp_path / "mxward" / "domains.cdb").unlink()
        replies = locked.said(server.address, "192.0.2.9", to)
        assert replies == ["250 Accepted"] * 3
        assert "every door is open" in server.log


@pytest.mark.parametrize("split", ["true", "false"])
def test_debians_own_configuration_lets_them_in(tmp_path: Path, split: str) -> None:
    """By the README's own commands, and Debian's own tool; and they are taken out again."""
    server = exim(tmp_path, "203.0.113.28")
    etc = tmp_path / "etc" / "exim4"
    shutil.copytree(debian_cache.CACHE / "etc" / "exim4", etc)
    (etc / "update-exim4.conf.conf").write_text(DEBIAN.format(split=split))
    tool = (debian_cache.CACHE / "usr/sbin/update-exim4.conf").read_text()
    (tmp_path / "tool").write_text(tool.replace("/usr/sbin/exim4", "/opt/usr/sbin/exim4"))
    (tmp_path / "etc" / "mailname").write_text("mail.provider.example\n")
    (tmp_path / "etc" / "aliases").write_text("x: :blackhole:\n")
    for name in ("conf.d/main/000_users", "exim4.conf.localmacros"):
        (etc / name).write_text("MAIN_TRUSTED_USERS = root\n")
    applied_and_rolled_back(server, For.DEBIAN)


def test_directadmins_hook_lets_them_in(tmp_path: Path) -> None:
    """As far as it is Exim's: there is no DirectAdmin here."""
    hook = "  .include_if_exists /etc/exim.acl_check_recipient.pre.conf"
    server = exim(tmp_path, "203.0.113.28", hook)
    server.domains = ("deny.example",)
    server.configure()
    applied_and_rolled_back(server, For.DIRECTADMIN)


def applied_and_rolled_back(server: Exim, variant: For) -> None:
    """A stranger is refused, also when it is done once more; then it is as it was."""
    written = small(server, "out", variant)
    do(server, written.apply)
    assert played(server, "240.0.0.1") == "550 5.7.1 mail for this domain is taken at its MX only"
    assert played(server, "198.51.100.17") == "250 Accepted"
    do(server, written.apply)
    assert played(server, "240.0.0.1") == "550 5.7.1 mail for this domain is taken at its MX only"
    do(server, written.roll_back)
    assert played(server, "240.0.0.1") == "250 Accepted"
    assert not list(server.directory.glob("mxward*"))


def do(server: Exim, steps: Sequence[Step]) -> None:
    for step in steps:
        for command in step.commands:
            in_the_room(server, f"{{ {command}; }} || [ '{command[:4]}' = grep ]", "/srv/out")


def played(server: Exim, client: str) -> str:
    """What `exim -bh` answers to RCPT."""
    session = r"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<x@deny.example>\r\nQUIT\r\n"
    told = in_the_room(server, f"printf '{session}' | exim -bh {client}")
    return told.splitlines()[-2]
