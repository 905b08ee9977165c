"""Postfix with the rules that `mxward lockdown postfix` writes, by the steps of its README: it
answers as `mxward explain` says.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from mxward.lockdown.postfix_changes import Main
from tests.integration import locked
from tests.integration.locked import CLIENTS, PASSWORD, SHUT, USER
from tests.integration.servers import Postfix, room
from tests.integration.servers.dovecot import Dovecot
from tools import debian_cache

pytestmark = pytest.mark.real

INSTALLED = "/srv/mxward"
DOVECOT, PORT = "203.0.113.98", 12345
SETTINGS = f"""\
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:{DOVECOT}:{PORT}
"""
LISTS = {
    "none": "",
    "usual": "smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated,\n"
    "  reject_unauth_destination\n",
    "without SASL": "smtpd_recipient_restrictions = reject_unauth_destination permit\n",
}


MAPS = """\
cdb postfix-cdb.so dict_cdb_open mkmap_cdb_open
lmdb postfix-lmdb.so dict_lmdb_open mkmap_lmdb_open
pcre postfix-pcre.so dict_pcre_open
"""


class Locked(Postfix):
    """With main.cf, master.cf and tables changed by the README's own commands."""

    def lock(self, provider: locked.Locked, kind: str, *domains: str) -> None:
        """Write the rules by what main.cf says: for all domains, or these."""
        if not self.running:
            self.directory.mkdir()
            self.configure()
        here = self.directory
        words = ["--tables", kind, "--installed", INSTALLED, "--out", f"{here}/out"]
        words += ["--main-cf", f"{here}/main.cf", "--master-cf", f"{here}/master.cf"]
        code, told = provider.mxward("lockdown", "postfix", *words, *domains)
        assert code == 0, told

    def configure(self) -> list[str]:
        argv = super().configure()
        (self.directory / "dynamicmaps.cf").write_text(MAPS)
        shutil.copy(debian_cache.CACHE / "etc/postfix/postfix-files", self.directory)
        self.do("Apply")
        return argv

    def do(self, part: str) -> None:
        """The commands of a part of the README, if there is one."""
        readme = self.directory / "out" / "README.md"
        told = readme.read_text() if readme.exists() else ""
        steps = told.partition(f"\n## {part}\n")[2].partition("\n## ")[0]
        for command in re.findall(r"^   ([a-z].*)$", steps, re.MULTILINE):
            reload = " && postfix reload"
            self.shell(command if self.running else command.replace(reload, ""), "/srv/out")
        for name in ("main.cf", "master.cf"):
            os.utime(self.directory / name, (0, 0))

    def shell(self, line: str, folder: str = "/srv") -> str:
        """What a shell's line says beside the server."""
        script = ["sh", "-c", f"cd {folder} && export MAIL_CONFIG=/srv && {line}"]
        command = room.command(script, self.directory)
        if self.running:  # in its own room, where its process can be told something
            environment = [f"{name}={value}" for name, value in room.environment().items()]
            command = ["nsenter", "-t", str(self.pid), "-m", "-p", "env", "-", *environment]
            command += script
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (line, done.stderr, self.log[-1000:])
        assert "warning" not in done.stderr, (line, done.stderr)
        return done.stdout


@dataclass(frozen=True)
class Stand:
    postfix: Locked
    family: int


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[locked.Locked]:
    with (
        Dovecot(tmp_path_factory.mktemp("dovecot"), DOVECOT, PORT, users={USER: PASSWORD}),
        locked.provider(tmp_path_factory.mktemp("provider")) as made,
    ):
        yield made


@pytest.fixture(
    scope="module",
    params=[
        ("hash", 4, "usual"),
        ("lmdb", 6, "none"),
        ("hash", 4, "without SASL"),
        ("cdb", 6, "usual"),
    ],
    ids=lambda p: "-".join(map(str, p)),
)
def stand(
    request: pytest.FixtureRequest,
    provider: locked.Locked,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stand]:
    kind, family, which = request.param
    folder, settings = tmp_path_factory.mktemp("postfix"), SETTINGS + LISTS[which]
    servers = [
        made(folder / name, address[family], domains=locked.TAKEN, settings=settings)
        for made, name, address in ((Locked, "shut", locked.LOCKED), (Postfix, "open", locked.OPEN))
    ]
    shut, other = servers
    assert isinstance(shut, Locked)
    shut.lock(provider, kind)
    with shut, other:
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
    before = len(stand.postfix.log)
    for name in ("its scanner", "trusted", "stranger"):
        client = CLIENTS[name][stand.family]
        to = ["x@d3.observe.example"]
        assert locked.said(locked.LOCKED[stand.family], client, to) == ["250 2.1.5 Ok"]
    lines = [line for line in stand.postfix.log[before:].splitlines() if "mxward" in line]
    assert len(lines) == 1
    assert f"warn: RCPT from unknown[{CLIENTS['stranger'][stand.family]}]" in lines[0]
    assert "back door; from=<sender@client.example> to=<x@d3.observe.example>" in lines[0]


def test_the_checks_of_the_readme(stand: Stand) -> None:
    readme = (stand.postfix.directory / "out" / "README.md").read_text()
    checks = readme.partition("\n## Check\n")[2]
    lists, ask = re.findall(r"^   (post(?:conf|map) .*)$", checks, re.MULTILINE)[:2]
    assert "mxward" in stand.postfix.shell(lists).partition("\n")[0]
    assert stand.postfix.shell(ask).startswith(("mxward_defer_via_", "mxward_deny_via_"))


def test_every_domain_is_found(stand: Stand) -> None:
    """By Postfix's own look-up, through the table that takes the domain out of an address."""
    asked = "".join(f"x+y@{domain}\n" for domain in locked.DOMAINS)
    (stand.postfix.directory / "asked").write_text(asked)
    table = stand.postfix.shell("postconf -h mxward").split("check_recipient_access ")[1].strip()
    answers = dict(
        line.split("\t")
        for line in stand.postfix.shell(f"postmap -q - '{table}' </srv/asked").splitlines()
    )
    verdicts = {"observe": "warn", "refuse": "deny"}
    for domain in locked.DOMAINS:
        name = answers.get(f"x+y@{domain}", "")
        stage = domain.split(".")[-2]
        verdict = "" if domain == locked.OWN else verdicts.get(stage, "defer")
        assert name.startswith(f"mxward_{verdict}_via_") if verdict else not name, domain


SERVICES = """\
587 inet n - n - - smtpd
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
2525 inet n - n - - smtpd
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,permit_auth_destination,reject
127.0.0.1:10025 inet n - n - - smtpd
"""


def test_all_ports_are_closed_but_the_one_where_mail_comes_back(
    provider: locked.Locked, tmp_path: Path
) -> None:
    """And by the roll-back Postfix is told what it was told before."""
    server = Locked(tmp_path / "postfix", "203.0.113.28", domains=locked.TAKEN)
    server.services = SERVICES
    server.settings = SETTINGS + LISTS["usual"] + "inet_interfaces = all"
    server.lock(provider, "hash", "d0.refuse.example")
    told = [server.shell("postconf -n"), server.shell("postconf -M"), server.shell("postconf -P")]
    with server:
        for port, expected in ((25, SHUT["refuse"]), (2525, SHUT["refuse"])):
            to = ["x@d0.refuse.example"]
            assert locked.said(server.address, "192.0.2.9", to, port=port) == [expected]
        [reply] = locked.said(server.address, "192.0.2.9", to, port=587)
        assert reply.startswith("554 5.7.1 ")
        assert locked.said("127.0.0.1", "127.0.0.1", to, port=10025) == ["250 2.1.5 Ok"]
    main = Main(*((server.directory / name).read_text() for name in ("main.cf", "master.cf")))
    assert main.told["smtpd_recipient_restrictions"].split(", ")[2].startswith("mxward")
    server.do("Roll back")
    assert [
        server.shell("postconf -n"),
        server.shell("postconf -M"),
        server.shell("postconf -P"),
    ] == told


def test_where_a_table_is_missing_nothing_is_lost(provider: locked.Locked, tmp_path: Path) -> None:
    """Postfix itself defers: all of it, or the domains behind one list of networks."""
    server = Locked(tmp_path / "postfix", "203.0.113.28", domains=locked.TAKEN)
    server.lock(provider, "hash", "d0.refuse.example", "d1.refuse.example")
    to = ["x@d0.refuse.example", "x@d1.refuse.example", f"x@{locked.OWN}"]
    with server:
        clean = CLIENTS["its scanner"][4]
        replies = locked.said(server.address, clean, to)
        assert [reply[:3] for reply in replies] == ["250", "550", "250"]
    networks = server.directory / "out" / "networks"
    next(path for path in networks.iterdir() if "via_clean" in path.name).unlink()
    with server:
        replies = locked.said(server.address, clean, to)
        assert [reply[:3] for reply in replies] == ["451", "550", "250"]
    (server.directory / "mxward" / "domains.db").unlink()
    part = (server.directory / "mxward" / "main.cf.part").read_text()
    names = " ".join(line.partition(" ")[0] for line in part.splitlines())
    server.settings = f"{part}smtpd_restriction_classes = {names}\n"
    server.settings += "smtpd_recipient_restrictions = mxward\n"
    shutil.rmtree(server.directory / "out")  # the steps are not done again
    with server:
        assert [reply[:3] for reply in locked.said(server.address, clean, to)] == ["451"] * 3


def test_a_running_postfix_takes_what_is_new_by_the_same_steps(
    provider: locked.Locked, tmp_path: Path
) -> None:
    server = Locked(tmp_path / "postfix", "203.0.113.28", domains=locked.TAKEN)
    to = ["x@d0.refuse.example", "x@d1.refuse.example"]
    server.lock(provider, "hash", "d0.refuse.example")
    with server:
        replies = locked.said(server.address, "192.0.2.9", to)
        assert replies == [SHUT["refuse"], "250 2.1.5 Ok"]
        server.lock(provider, "hash", "d0.refuse.example", "d1.refuse.example")
        readme = (server.directory / "out" / "README.md").read_text()
        assert "postconf -e 'smtpd_recipient_restrictions" not in readme.partition("## Check")[0]
        server.do("Apply")
        # Processes that serve somebody, or are about to, end when they have.
        shut = [SHUT["refuse"]] * 2
        said = partial(locked.said, server.address, "192.0.2.9", to)
        server.wait_until(lambda: said() == shut, 10, "its processes know the new tables")
        assert locked.said(server.address, locked.EGRESS["wash"][4], to)[1] == "250 2.1.5 Ok"
