"""What a configuration says, and the rules that come of it."""

from __future__ import annotations

import shutil
import tomllib
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from mxward.audit.services import Nature
from mxward.config import (
    Answered,
    Config,
    ConfigError,
    Endpoint,
    Fail,
    InterceptSettings,
    Layout,
    LogFormat,
    Method,
    TlsVersion,
    load,
)
from mxward.config.sections_audit import ServiceSettings, WaiverSettings
from mxward.config.sections_entries import ScannerSettings, TrustSettings
from mxward.config.sections_limits import ClientSettings
from mxward.domains import Domains
from mxward.model import Rules, Scanner, Stage, Trust
from mxward.networks import Networks
from mxward.smtp.content import Content, Newlines
from mxward.smtp.identity import Identity
from mxward.smtp.limits import Limits, Timeouts
from mxward.smtp.secrecy import Auth, Tls

FULL = Path(__file__).parent / "full.toml"


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """The example, with the files that it names."""
    for name in ("mx.pem", "mx.key", "other.pem", "ca.pem"):
        (tmp_path / name).touch()
    return Path(shutil.copy(FULL, tmp_path))


def test_every_value_is_read(full: Path) -> None:
    config = load(full)
    assert [problem.text.split(":")[0] for problem in config.warnings] == [
        "server.identity",  # a note
        "tls.hide_starttls",
    ]
    server = config.server
    assert server.name() == "mail.provider.example"
    assert server.listen == (Endpoint("192.0.2.25", 25), Endpoint("2001:db8::25", 25))
    assert [str(end) for end in server.listen] == ["192.0.2.25:25", "[2001:db8::25]:25"]
    assert config.upstream() == Endpoint("127.0.0.1", 10025)
    assert server.identity is Identity.XCLIENT
    assert server.pool == 7
    assert server.proxy_from == (ip_network("192.0.2.10"), ip_network("10.1.0.0/24"))
    assert config.upstream_tls() is Tls.VERIFIED
    assert config.upstream_name() == "mail.example.net"
    assert server.auth is Auth.NEVER
    assert server.reroute_source == (ip_address("192.0.2.26"),)
    assert server.outbound == (ip_address("192.0.2.27"),)
    assert server.contact == "postmaster@provider.example"
    assert server.reroute_port == 2525
    assert (server.workers, server.user, server.drain) == (3, "mxward", 12.5)
    assert config.inventory.files == ("/etc/localdomains", f"{full.parent}/domains.d/*")
    assert config.inventory.command == ("mysql", "-N", "-e", "select name from domains")
    assert config.inventory.every == 60
    assert config.scanners["mimecast"].reroute_rate == 60
    assert config.scanners["mimecast"].tls is Tls.VERIFIED
    assert config.dns.servers == (Endpoint("127.0.0.1", 53),)
    assert config.dns.timeout == 2
    assert config.store.path == f"{full.parent}/store.db"
    assert config.log.format is LogFormat.JSON
    assert config.metrics.listen == Endpoint("::1", 9625)
    assert config.policyd.listen == (Endpoint("127.0.0.1", 10041), Endpoint("::1", 10041))
    assert config.policyd.socket == f"{full.parent}/policyd.sock"
    assert config.policyd.fail is Answered.DEFER


def test_the_audit_is_read(full: Path) -> None:
    config = load(full)
    audit = config.audit
    assert audit.networks == (ip_network("192.0.2.0/25"), ip_network("2001:db8:a::/48"))
    assert (audit.ports, audit.tls_ports) == ((25, 10465), (10465,))
    assert (audit.guesses, audit.sender) == (("old", "mail.old"), "audit@provider.example")
    assert audit.sources == (ip_address("203.0.113.77"), ip_address("2001:db8::77"))
    (entry,) = config.waivers
    waiver = entry.waiver("mxward.toml:3")
    assert (waiver.server, waiver.port) == (ip_network("192.0.2.30"), 25)
    assert waiver.domains == Domains(["example.com", "*.example.com"])
    assert (waiver.owner, waiver.note) == ("anna", "the fax gateway")
    assert waiver.expires == datetime(2037, 1, 2, tzinfo=UTC).timestamp()
    service = config.services["another"].service("another", "mxward.toml:9")
    assert (service.title, service.nature) == ("Another Mail Security", Nature.MAILBOXES)
    assert (service.mx, service.spf) == (("mx.another.example",), ("spf.another.example",))
    assert service.hosts == ("out.another.example",)
    assert service.egress == (ip_network("198.51.100.0/24"),)
    assert service.certificates == ("*.another.example",)
    assert set(service.sources.values()) == {"mxward.toml:9"}


def test_interception_is_read(full: Path) -> None:
    intercept = load(full).intercept
    assert (intercept.layout, intercept.method) == (Layout.GATEWAY, Method.REDIRECT)
    assert intercept.interfaces == ("wan", "eth0.7")
    assert intercept.servers == (ip_network("203.0.113.25"), ip_network("2001:db8:25::/64"))
    assert (intercept.ports, intercept.tls_ports, intercept.listen_port) == (
        (25, 465),
        (465,),
        2526,
    )
    assert (intercept.mark, intercept.own_mark) == (4096, 4097)
    assert (intercept.fast_path, intercept.fail) == (True, Fail.OPEN)
    assert intercept.state == f"{full.parent}/intercept.json"
    assert intercept
    assert not InterceptSettings()


INTERCEPTS = '[intercept]\nlayout = "{layout}"\ninterfaces = ["wan"]\nservers = [{servers}]\n'
QUIET = '[tls]\nhide_starttls = true\n[inventory]\nfiles = ["/etc/localdomains"]\n'
LISTENS = '[server]\nupstream = "127.0.0.1:10025"\nlisten = ["192.0.2.26:25"]\n'
V4, V6 = '"203.0.113.25"', '"2001:db8:25::/64"'


@pytest.mark.parametrize(
    ("text", "ours", "all_of_them"),
    [
        ("", ["127.0.0.1:2525"], ["127.0.0.1:2525"]),
        (LISTENS, ["192.0.2.26:25"], ["192.0.2.26:25"]),
        (INTERCEPTS.format(layout="gateway", servers=V4), [], ["0.0.0.0:2525"]),
        (
            INTERCEPTS.format(layout="host", servers=f"{V4}, {V6}"),
            [],
            ["0.0.0.0:2525", "[::]:2525"],
        ),
        (  # the watchdog asks by IPv4
            INTERCEPTS.format(layout="gateway", servers=V6) + "listen_port = 2626\n",
            [],
            ["0.0.0.0:2626", "[::]:2626"],
        ),
        (
            LISTENS + INTERCEPTS.format(layout="gateway", servers=V4),
            ["192.0.2.26:25"],
            ["192.0.2.26:25", "0.0.0.0:2525"],
        ),
        ('[intercept]\nlayout = "none"\n', ["127.0.0.1:2525"], ["127.0.0.1:2525"]),
    ],
)
def test_where_mxward_listens(
    tmp_path: Path, text: str, ours: list[str], all_of_them: list[str]
) -> None:
    (tmp_path / "mxward.toml").write_text(text + QUIET)
    config = load(tmp_path / "mxward.toml")
    assert [str(end) for end in config.listen] == ours
    assert [str(end) for end in config.listeners] == all_of_them
    for end in config.listeners:
        assert end.address is not None
        assert end.address.is_unspecified or config.meets_listener(end.address, end.port)


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("", []),
        (INTERCEPTS.format(layout="gateway", servers=f"{V4}, {V6}"), ["203.0.113.25"]),
        (
            '[server]\naddresses = ["192.0.2.25"]\n'
            + INTERCEPTS.format(layout="gateway", servers=f'{V4}, "2001:db8::25"'),
            ["192.0.2.25", "203.0.113.25", "2001:db8::25"],
        ),
        (INTERCEPTS.format(layout="none", servers=V4), []),
    ],
)
def test_the_mail_servers_that_are_named(tmp_path: Path, text: str, own: list[str]) -> None:
    """A network is no mail server."""
    (tmp_path / "mxward.toml").write_text(text + QUIET)
    config = load(tmp_path / "mxward.toml")
    assert config.own == frozenset(map(ip_address, own))
    assert config.rules(Domains()).own == config.own


def test_tls_is_read(full: Path) -> None:
    config, folder = load(full), full.parent
    assert [(each.chain, each.key) for each in config.tls.certificates] == [
        (f"{folder}/mx.pem", f"{folder}/mx.key"),
        (f"{folder}/other.pem", f"{folder}/mx.key"),
    ]
    assert config.tls.minimum is TlsVersion.V1_3
    assert config.tls.client_ca == config.tls.upstream_ca == f"{folder}/ca.pem"
    assert config.tls.hide_starttls
    assert config.asks_for_certificates


@pytest.mark.parametrize(
    "entry",
    [
        '[scanners.a]\nmx = ["mx.example.net"]\ncertificates = ["*.example.net"]\n',
        '[[trust]]\ncertificate = "relay.example.net"\nowner = "anna"\nnote = "a partner"\n',
    ],
)
def test_either_entry_asks_for_certificates(tmp_path: Path, entry: str) -> None:
    ours = '[tls]\ncertificates = [{ chain = "/dev/null", key = "/dev/null" }]\n'
    (tmp_path / "mxward.toml").write_text(ours + entry)
    assert load(tmp_path / "mxward.toml").asks_for_certificates


def test_limits_and_times_are_read(full: Path) -> None:
    config = load(full)
    assert config.limits.connections == 2000
    assert config.limits.reserved == 600
    assert config.limits.per_network == 10
    assert (config.limits.ipv4_prefix, config.limits.ipv6_prefix) == (24, 56)
    assert config.limits.limits() == Limits(150, 20, 500, 2048, 52428800, 512)
    assert config.timeouts.timeouts() == Timeouts(290, 170, 29, 50, 19, 28, 280, 110, 590.5)


@pytest.mark.parametrize(
    ("client", "content"),
    [
        ("192.0.2.7", Content(Newlines.NORMALISE, nul=True)),
        ("192.0.2.200", Content(Newlines.REJECT, nul=False)),
        ("192.0.3.7", Content(Newlines.REJECT, nul=True)),
        ("2001:db8::7", Content(Newlines.REJECT, nul=True)),
    ],
)
def test_the_first_entry_that_fits_a_client_counts(
    full: Path, client: str, content: Content
) -> None:
    assert load(full).content_for(ip_address(client)) == content


def test_the_rules_that_come_of_it(full: Path) -> None:
    inventory = Domains(["it.co.za"])
    assert load(full).rules(inventory) == Rules(
        inventory=inventory,
        stage=Stage.DEFER,
        stages={
            "example.net": Stage.OBSERVE,
            "example.org": Stage.DEFER,
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
                place=f"{full}:47",
            ),
            Trust(
                owner="anna",
                note="all other printers",
                name="*.printers.example.com",
                expires=datetime(2037, 1, 1, 10, tzinfo=UTC).timestamp(),
                place=f"{full}:55",
            ),
            Trust(
                owner="anna",
                note="a partner's relay",
                certificate="relay.partner.example",
                place=f"{full}:61",
            ),
        ),
        scanners={
            "mimecast": Scanner(
                "mimecast",
                mx=("mimecast.com",),
                addresses=Networks.of("10.0.0.5"),
                egress=Networks.of("198.51.100.0/24"),
                spf=("eu._netblocks.mimecast.com",),
                certificates=("*.mimecast.com", "out.mimecast.net"),
            )
        },
        own=frozenset(map(ip_address, ("192.0.2.25", "2001:db8::25", "203.0.113.25"))),
        client_told=True,
        rehearsed=Stage.REROUTE,
    )


def test_the_example_has_every_key() -> None:
    """So that no key is left out of the tests above."""
    example = tomllib.loads(FULL.read_text())
    entries: dict[str, tuple[Any, Any]] = {
        "scanners": (ScannerSettings, example["scanners"].values()),
        "trust": (TrustSettings, example["trust"]),
        "clients": (ClientSettings, example["clients"]),
        "waivers": (WaiverSettings, example["waivers"]),
        "services": (ServiceSettings, list(example["services"].values())),
    }
    for name, field in Config.model_fields.items():
        model, tables = entries.get(name, (type(field.default), [example[name]]))
        assert set().union(*tables) == set(model.model_fields), name


def test_all_defaults(tmp_path: Path) -> None:
    file = tmp_path / "mxward.toml"
    file.write_text("")
    config = load(file)
    assert config.server.listen == (Endpoint("127.0.0.1", 2525),)
    assert config.store.path == "/var/lib/mxward/store.db"
    assert config.limits.limits() == Limits()
    assert config.timeouts.timeouts() == Timeouts()
    assert config.content_for(ip_address("192.0.2.7")) == Content()
    assert not config.asks_for_certificates
    assert config.rules(Domains()) == Rules(Domains())
    with pytest.raises(ConfigError) as told:
        config.upstream()
    assert str(told.value) == (
        f"{file}:1: server.upstream: missing, so mxward cannot serve; "
        'write where the mail server listens: upstream = "127.0.0.1:10025"'
    )


@pytest.mark.parametrize(
    ("server", "tls"),
    [
        ('upstream = "127.0.0.1:25"', Tls.NONE),
        ('upstream = "[::1]:25"', Tls.NONE),
        ('upstream = "localhost:25"', Tls.NONE),
        ('upstream = "192.0.2.25:25"', Tls.OPPORTUNISTIC),
        ('upstream = "mail.example.net:25"', Tls.OPPORTUNISTIC),
        ('upstream = "127.0.0.1:25"\nupstream_tls = "opportunistic"', Tls.OPPORTUNISTIC),
        ('upstream = "mail.example.net:25"\nupstream_tls = "none"', Tls.NONE),
        ('upstream = "mail.example.net:25"\nupstream_tls = "verified"', Tls.VERIFIED),
    ],
)
def test_tls_towards_the_mail_server(tmp_path: Path, server: str, tls: Tls) -> None:
    config = load(_written(tmp_path, server))
    assert config.upstream_tls() is tls
    if config.server.upstream and not config.server.upstream.address:
        assert config.upstream_name() == config.server.upstream.host


def _written(folder: Path, server: str) -> Path:
    file = folder / "mxward.toml"
    file.write_text(f'[server]\nidentity = "proxy-v2"\n{server}\n[inventory]\nfiles = ["a"]\n')
    return file


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
