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

import pytest

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


class Locked(Postfix):
    """With main.cf, master.cf and tables changed by the README's own commands."""

    def lock(self, provider: locked.Locked, kind: str) -> None:
        """Write the rules by what main.cf says."""
        self.directory.mkdir()
        self.configure()
        here = self.directory
        words = ["--tables", kind, "--installed", INSTALLED, "--out", f"{here}/out"]
        words += ["--main-cf", f"{here}/main.cf", "--master-cf", f"{here}/master.cf"]
        code, told = provider.mxward("lockdown", "postfix", *words)
        assert code == 0, told

    def configure(self) -> list[str]:
        argv = super().configure()
        maps = "lmdb postfix-lmdb.so dict_lmdb_open mkmap_lmdb_open\n"
        (self.directory / "dynamicmaps.cf").write_text(
            maps + "pcre postfix-pcre.so dict_pcre_open\n"
        )
        shutil.copy(debian_cache.CACHE / "etc/postfix/postfix-files", self.directory)
        readme = self.directory / "out" / "README.md"
        if readme.exists():
            self.apply(readme.read_text())
        return argv

    def apply(self, readme: str) -> None:
        steps = readme.partition("\n## Apply\n")[2].partition("\n## Check\n")[0]
        for command in re.findall(r"^   ([a-z].*)$", steps, re.MULTILINE):
            self.shell(command.replace(" && postfix reload", ""), "/srv/out")
        for name in ("main.cf", "master.cf"):
            os.utime(self.directory / name, (0, 0))

    def shell(self, line: str, folder: str = "/srv") -> str:
        """What a shell's line says beside the server."""
        script = f"cd {folder} && export MAIL_CONFIG=/srv && {line}"
        done = subprocess.run(
            room.command(["sh", "-c", script], self.directory),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, (line, done.stderr)
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
    params=[("hash", 4, "usual"), ("lmdb", 6, "none"), ("hash", 4, "without SASL")],
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
