"""Exim with the rules that `mxward lockdown exim` writes: it answers as `mxward explain` says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration import locked
from tests.integration.locked import CLIENTS, PASSWORD, USER
from tests.integration.servers import Exim

pytestmark = pytest.mark.real

INSTALLED = "/srv/mxward"
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
