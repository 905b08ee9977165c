"""The layouts, methods and families, before real mail servers that know nothing of mxward."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mxward.config import Layout, Method
from tests.integration import hosts
from tests.integration.layouts import CLIENT, Network
from tests.integration.servers import Exim, MailServer, Postfix
from tests.integration.unseen import BEHIND, OWN, SCANNER, stand

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def _nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{hosts.nft(tmp_path)}:{os.environ['PATH']}")


@pytest.mark.parametrize("kind", [Postfix, Exim])
@pytest.mark.parametrize("layout", [Layout.GATEWAY, Layout.HOST])
@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("version", [4, 6])
def test_a_mail_server_that_knows_nothing_of_it(
    tmp_path: Path, kind: type[MailServer], layout: Layout, method: Method, version: int
) -> None:
    with stand(tmp_path, kind, layout, method, version) as site:
        client, scanner = CLIENT[version], SCANNER[version]
        before = state(site.world)
        site.intercept("up")
        assert site.sends(client, f"x@{BEHIND}").startswith("550 5.7.1")
        assert f"[{client}]" not in site.mail_server.log
        assert site.sends(scanner, f"x@{BEHIND}").startswith("250")
        assert f"[{scanner}]" in site.mail_server.log
        assert site.sends(client, f"x@{OWN}").startswith("250")
        assert f"[{client}]" in site.mail_server.log
        assert site.mail_server.count(f"x@{BEHIND}") == 1
        assert site.mail_server.count(f"x@{OWN}") == 1
        decided = [(x["client"], x["action"]) for x in site.mxward.decisions()]
        assert decided == [(client, "refuse"), (scanner, "pass"), (client, "pass")]
        site.intercept("down")
        assert site.sends(client, f"x@{BEHIND}").startswith("250")
        assert state(site.world) == before


def state(world: Network) -> tuple[str, ...]:
    """All rules and routes of mxward's machine, but for those of the kernel's own making."""
    asked = ("rule", "-6 rule", "route show table all", "-6 route show table all")
    routes = "".join(world.mxward.ip(words) for words in asked).splitlines()
    ours = (line for line in routes if " proto kernel " not in line)
    return (world.mxward.run("nft", "-s", "list", "ruleset"), *ours)
