"""What is set in the store is judged as what is written in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxward.config import Config, Severity, load
from mxward.config.supposing import staged, trusting
from mxward.model import Stage

SAFE = """\
[server]
listen = ["192.0.2.25:25"]
upstream = "127.0.0.1:10025"
identity = "proxy-v2"
[inventory]
files = ["domains"]
[scanners.clean]
mx = ["clean.example"]
egress = ["198.51.100.0/24"]
"""
PRIVATE = SAFE.replace("192.0.2.25", "10.0.0.25")
BARE = SAFE.partition("[scanners")[0]
OPEN = SAFE.replace('[inventory]\nfiles = ["domains"]\n', "")


@pytest.fixture
def config(tmp_path: Path, request: pytest.FixtureRequest) -> Config:
    (tmp_path / "domains").write_text("it.co.za\n")
    path = tmp_path / "mxward.toml"
    path.write_text(request.param)
    return load(path)


def told(config: Config, stage: Stage) -> set[tuple[str, str]]:
    found = staged(config, {stage})
    return {(each.severity.value, each.text.partition(": ")[0]) for each in found}


_NO_SOURCE = ("warning", "server.reroute_source")
_UNKNOWN_TO_SCANNER = ("warning", "scanners.clean.knows_us")


@pytest.mark.parametrize(
    ("config", "stage", "wrong"),
    [
        (SAFE, Stage.OBSERVE, set()),
        (SAFE, Stage.REFUSE, set()),
        (SAFE.replace('identity = "proxy-v2"', ""), Stage.REFUSE, set()),  # warned of before
        (SAFE, Stage.REROUTE, {_NO_SOURCE, _UNKNOWN_TO_SCANNER}),
        (PRIVATE, Stage.OBSERVE, set()),
        (PRIVATE, Stage.DEFER, {("error", "server.addresses")}),
        (BARE, Stage.REFUSE, {("warning", "stages.refuse")}),
        (OPEN, Stage.REROUTE, {("error", "stages.reroute"), _NO_SOURCE, _UNKNOWN_TO_SCANNER}),
        (f'{SAFE}[policy]\nstage = "reroute"\n', Stage.REROUTE, set()),  # is told by `load`
    ],
    indirect=["config"],
)
def test_a_stage_is_judged_by_the_checks_of_the_configuration(
    config: Config, stage: Stage, wrong: set[tuple[str, str]]
) -> None:
    assert told(config, stage) == wrong


@pytest.mark.parametrize("config", [PRIVATE], indirect=True)
def test_what_is_wrong_has_its_place(config: Config) -> None:
    (found,) = staged(config, {Stage.REFUSE, Stage.DEFER})
    assert found.place.endswith("mxward.toml:2")
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize("config", [SAFE], indirect=True)
@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"network": "192.0.2.0/24"}, ""),
        ({"network": "192.0.2.7"}, ""),
        ({"name": "*.Partner.Example"}, ""),
        ({"network": "0.0.0.0/0"}, 'network: "0.0.0.0/0" is wider than /16'),
        ({"network": "::/0"}, 'network: "::/0" is wider than /32'),
        ({"network": "10.0.0.0/8"}, 'network: "10.0.0.0/8" is wider than /16'),
        ({"name": "localhost"}, 'name: "localhost" is not a whole name'),
        ({"certificate": "*"}, 'certificate: "*" would be anybody'),
        ({"certificate": "relay.example"}, 'certificate: "relay.example", but a client shows'),
        ({}, "neither network, name nor certificate"),
        ({"network": "192.0.2.7", "name": "x.example"}, 'name: "x.example", but a network too'),
        ({"network": "192.0.2.7", "recipients": ("*",)}, 'recipients: "*" is no domain'),
        ({"network": "192.0.2.7", "note": "two\nlines"}, 'note: "two\\nlines": write a few words'),
    ],
)
def test_a_trusted_client_is_read_as_the_configuration_s_are(
    config: Config, given: dict[str, object], why: str
) -> None:
    entry = {"owner": "anna", "note": "the printer", **given}
    if not why:
        assert trusting(config, entry).owner == "anna"
        return
    with pytest.raises(ValueError) as refusal:
        trusting(config, entry)
    assert str(refusal.value).startswith(why)
