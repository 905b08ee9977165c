"""What a configuration says, and the rules that come of it."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from mxward.config import Config, ConfigError, Endpoint, LogFormat, load
from mxward.domains import Domains
from mxward.model import Rules, Scanner, Stage, Trust
from mxward.networks import Networks
from mxward.smtp.identity import Identity

FULL = Path(__file__).parent / "full.toml"


def test_every_value_is_read() -> None:
    config = load(FULL)
    assert config.warnings == ()
    server = config.server
    assert server.name() == "mail.provider.example"
    assert server.listen == (Endpoint("192.0.2.25", 25), Endpoint("2001:db8::25", 25))
    assert [str(end) for end in server.listen] == ["192.0.2.25:25", "[2001:db8::25]:25"]
    assert config.upstream() == Endpoint("127.0.0.1", 10025)
    assert server.identity is Identity.PROXY_V2
    assert server.reroute_source == (ip_address("192.0.2.26"),)
    assert server.outbound == (ip_address("192.0.2.27"),)
    assert server.contact == "postmaster@provider.example"
    assert server.reroute_port == 2525
    assert config.inventory.files == ("/etc/localdomains", f"{FULL.parent}/domains.d/*")
    assert config.inventory.command == ("mysql", "-N", "-e", "select name from domains")
    assert config.inventory.every == 60
    assert config.scanners["mimecast"].reroute_rate == 60
    assert config.dns.servers == (Endpoint("127.0.0.1", 53),)
    assert config.dns.timeout == 2
    assert config.store.path == f"{FULL.parent}/store.db"
    assert config.log.format is LogFormat.JSON


def test_the_rules_that_come_of_it() -> None:
    inventory = Domains(["it.co.za"])
    assert load(FULL).rules(inventory) == Rules(
        inventory=inventory,
        stage=Stage.DEFER,
        stages={
            "example.net": Stage.OBSERVE,
            "xn--bcher-kva.example": Stage.REFUSE,
            "it.co.za": Stage.REROUTE,
            "*.it.co.za": Stage.REROUTE,
        },
        trust=(
            Trust(
                owner="anna",
                note="the printer on floor 2",
                network=ip_network("192.0.2.7"),
                recipients=Domains(["it.co.za"]),
                senders=Domains(["*.example.com"]),
                expires=datetime(2037, 1, 2, tzinfo=UTC).timestamp(),  # the end of that day
                place=f"{FULL}:35",
            ),
            Trust(
                owner="anna",
                note="all other printers",
                name="*.printers.example.com",
                expires=datetime(2037, 1, 1, 10, tzinfo=UTC).timestamp(),
                place=f"{FULL}:43",
            ),
        ),
        scanners={
            "mimecast": Scanner(
                "mimecast",
                mx=("mimecast.com",),
                addresses=Networks.of("10.0.0.5"),
                egress=Networks.of("198.51.100.0/24"),
                spf=("eu._netblocks.mimecast.com",),
            )
        },
        own=frozenset({ip_address("192.0.2.25"), ip_address("2001:db8::25")}),
        client_told=True,
        rehearsed=Stage.REROUTE,
    )


def test_the_example_has_every_key() -> None:
    """So that no key is left out of the tests above."""
    example = tomllib.loads(FULL.read_text())
    for name, field in Config.model_fields.items():
        if name not in ("scanners", "trust", "stages"):
            assert set(example[name]) == set(type(field.default).model_fields), name


def test_all_defaults(tmp_path: Path) -> None:
    file = tmp_path / "mxward.toml"
    file.write_text("")
    config = load(file)
    assert config.server.listen == (Endpoint("127.0.0.1", 2525),)
    assert config.store.path == "/var/lib/mxward/store.db"
    assert config.rules(Domains()) == Rules(Domains())
    with pytest.raises(ConfigError) as told:
        config.upstream()
    assert str(told.value) == (
        f"{file}:1: server.upstream: missing, so mxward cannot serve; "
        'write where the mail server listens: upstream = "127.0.0.1:10025"'
    )


PROVIDER = """\
[server]
listen = ["192.0.2.25:25"]
upstream = "127.0.0.1:25"
identity = "proxy-v2"
reroute_source = ["192.0.2.26"]
[inventory]
files = ["domains"]
[policy]
stage = "reroute"
[scanners]
mimecast = { mx = ["mimecast.com"], spf = ["eu._netblocks.mimecast.com"], knows_us = true }
barracuda = { mx = ["barracudanetworks.com"], egress = ["209.222.80.0/21"], knows_us = true }
hornet = { mx = ["hornetsecurity.com"], spf = ["spf.hornetsecurity.com"], knows_us = true }
"""


def test_five_thousand_domains_behind_three_scanners_take_few_lines(tmp_path: Path) -> None:
    assert PROVIDER.count("\n") < 20
    (tmp_path / "mxward.toml").write_text(PROVIDER)
    config = load(tmp_path / "mxward.toml")
    assert config.warnings == ()
    assert config.inventory.files == (f"{tmp_path}/domains",)
    rules = config.rules(Domains(f"customer{number}.example" for number in range(5_000)))
    assert len(rules.inventory) == 5_000
    assert set(rules.scanners) == {"mimecast", "barracuda", "hornet"}
    assert rules.stage is Stage.REROUTE
