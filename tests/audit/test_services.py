"""The catalogue that comes with mxward, and how a service is known."""

from __future__ import annotations

import tomllib
from importlib import resources
from ipaddress import ip_address
from typing import Any

import pytest

from mxward.audit.services import Nature, Service, Services, read
from mxward.config.catalogue import shipped
from mxward.config.names import mx_suffix
from mxward.networks import Networks

TABLES: dict[str, Any] = tomllib.loads(
    (resources.files("mxward.audit") / "services.toml").read_text("utf-8")
)
NAMES = sorted(TABLES["services"])
FACTS = ("mx", "spf", "hosts", "egress", "certificates", "unlisted")


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_well_formed(name: str) -> None:
    table = TABLES["services"][name]
    service = read(name, table)
    assert service.title
    assert set(table) >= {"title", "kind", "sources"}, "each says what it is, and from where"
    given = {key for key in FACTS if key in table}
    assert given
    assert set(service.sources) == given, "each fact has its source"
    for source in service.sources.values():
        assert source in TABLES["sources"] or source.startswith("https://"), source
    for suffix in service.mx:
        assert mx_suffix(suffix) == suffix, "nobody else has hosts below it"


@pytest.mark.parametrize("name", NAMES)
def test_where_it_delivers_from_is_known_or_it_is_said_why_not(name: str) -> None:
    service = shipped().get(name)
    assert service is not None
    assert service.spf or service.hosts or service.egress or service.unlisted


def test_no_suffix_is_of_two_services() -> None:
    suffixes = [suffix for service in shipped() for suffix in service.mx]
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("eu-smtp-inbound-1.mimecast.com", "mimecast"),
        ("za-smtp-inbound-2.mimecast.co.za", "mimecast"),
        ("mx1-us1.ppe-hosted.com", "proofpoint-essentials"),
        ("mxa-00123456.gslb.pphosted.com", "proofpoint"),
        ("d1234a.ess.uk.barracudanetworks.com", "barracuda"),
        ("cluster5.eu.messagelabs.com", "messagelabs"),
        ("it-co-za.mail.protection.outlook.com", "microsoft365"),
        ("route1.mx.cloudflare.net", "cloudflare-routing"),
        ("aspmx.l.google.com", "google"),
        ("mimecast.com", "mimecast"),
        # not on a label boundary, or only the parent
        ("evilmimecast.com", None),
        ("mimecast.com.evil.example", None),
        ("barracudanetworks.com", None),
        ("outlook.com", None),
        ("com", None),
    ],
)
def test_known_by_the_end_of_its_name(host: str, name: str | None) -> None:
    found = shipped().by_host(host)
    assert (found.name if found else None) == name


def test_the_longest_end_counts() -> None:
    services = Services(
        [
            Service("wide", "", Nature.SCANNER, ("example.net",)),
            Service("narrow", "", Nature.ROUTING, ("route.example.net",)),
        ]
    )
    assert [services.by_host(h).name for h in ("mx.example.net", "a.route.example.net")] == [  # type: ignore[union-attr]
        "wide",
        "narrow",
    ]


def test_known_by_its_address() -> None:
    known = shipped().knowing({"mimecast": Networks.of("198.51.100.0/24")})
    vanity = {
        a: known.by_address(ip_address(a)) for a in ("198.51.100.7", "94.100.129.1", "192.0.2.1")
    }
    assert {a: s.name if s else None for a, s in vanity.items()} == {
        "198.51.100.7": "mimecast",  # what its SPF names came to
        "94.100.129.1": "hornetsecurity",  # what it publishes
        "192.0.2.1": None,
    }


@pytest.mark.parametrize(
    ("certificate", "banner", "name"),
    [
        (("*.mimecast.com",), "", "mimecast"),
        (("mx.it.co.za", "eu-smtp-1.mimecast.com"), "", "mimecast"),
        (("*.PPHOSTED.com.",), "", "proofpoint"),
        (
            (),
            "220 AM7EUR03FT003.mail.protection.outlook.com Microsoft ESMTP MAIL Service",
            "microsoft365",
        ),
        (("mail.it.co.za",), "220 server-5.tower-1.messagelabs.com ESMTP", "messagelabs"),
        (("evilmimecast.com",), "220 mail.provider.example ESMTP", None),
        ((), "", None),
    ],
)
def test_known_by_what_it_shows(
    certificate: tuple[str, ...], banner: str, name: str | None
) -> None:
    found = shipped().by_shown(certificate, banner)
    assert (found.name if found else None) == name


def test_the_operator_adds() -> None:
    mine = Service(
        "mimecast", "Mimecast", Nature.SCANNER, ("mimecast-eu.example",), sources={"mx": "here"}
    )
    other = Service("mine", "Mine", Nature.SCANNER, ("mine.example",))
    services = shipped().adding([mine, other])
    assert len(services) == len(shipped()) + 1
    for host in ("x.mimecast-eu.example", "x.mimecast.com"):
        found = services.by_host(host)
        assert found is not None and found.name == "mimecast"
    assert services.get("mimecast").sources["mx"] == "here"  # type: ignore[union-attr]
    assert services.get("mimecast").spf == shipped().get("mimecast").spf  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ({"mx": "mimecast.com"}, "x.mx: no list"),
        ({"mx": [25]}, "x.mx: 25 is no text"),
        ({"mx": ["a b"]}, "x: 'a b' is no domain name"),
        ({"egress": ["192.0.2.1/24"]}, "x: 192.0.2.1/24 has host bits set"),
        ({"kind": "scaner"}, "x: 'scaner' is not a valid Nature"),
        ({"banner": []}, "x.banner: unknown key"),
        ({"sources": []}, "x.sources: no table"),
    ],
)
def test_a_table_that_is_wrong(table: dict[str, object], error: str) -> None:
    with pytest.raises(ValueError) as raised:
        read("x", table)
    assert str(raised.value) == error
