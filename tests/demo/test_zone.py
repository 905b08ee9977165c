"""The zone as text: what is read from it, and that the miniature internet's own holds together."""

from __future__ import annotations

import dns.name
import dns.rdatatype
import pytest

from mxward.demo.block import Block
from mxward.demo.zone import DOMAINS, RECORDS, Failure, Zone, parse
from mxward.domains import normal

BLOCK = Block("127.1.2", 2525, 5300)


def values(zone: Zone, name: str, kind: str) -> list[str]:
    key = (dns.name.from_text(name), dns.rdatatype.from_text(kind))
    return [rdata.to_text() for rdata in zone.records.get(key, [])]


def test_records_are_read() -> None:
    zone = parse(
        """
        ; a comment
it.co.za       MX     10 mx1.cleanmail.example.
it.co.za       MX     20 mx2.cleanmail.example.
mail.it.co.za  A      {mail}
www.it.co.za   A      {mail}
spf.it.co.za   TXT    "v=spf1 ip4:{mail} -all"
broken.example !      SERVFAIL
""".replace("        ;", ";"),
        {"mail": "127.1.2.91"},
    )
    assert values(zone, "it.co.za", "MX") == [
        "10 mx1.cleanmail.example.",
        "20 mx2.cleanmail.example.",
    ]
    assert values(zone, "mail.it.co.za", "A") == ["127.1.2.91"]
    assert values(zone, "spf.it.co.za", "TXT") == ['"v=spf1 ip4:127.1.2.91 -all"']
    assert values(zone, "91.2.1.127.in-addr.arpa", "PTR") == ["mail.it.co.za."]
    assert zone.failing == {dns.name.from_text("broken.example"): Failure.SERVFAIL}


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("broken.example", Failure.SERVFAIL),
        ("mx.broken.example", Failure.SERVFAIL),
        ("silent.example", Failure.SILENCE),
        ("notbroken.example", None),
        ("it.co.za", None),
    ],
)
def test_failing_names(name: str, failure: Failure | None) -> None:
    assert parse(RECORDS, BLOCK.addresses()).failure(dns.name.from_text(name)) is failure


@pytest.mark.parametrize(
    "line",
    ["it.co.za", "it.co.za MX ten mx.example.", "it.co.za A {nobody}", "it.co.za ! MAYBE"],
)
def test_a_wrong_line_is_noticed(line: str) -> None:
    with pytest.raises((ValueError, KeyError, dns.exception.DNSException)):
        parse(line, BLOCK.addresses())


def test_every_domain_is_in_the_dns_except_the_one_that_is_gone() -> None:
    zone = parse(RECORDS, BLOCK.addresses())
    names = {dns.name.from_text(normal(domain)) for domain in DOMAINS}
    assert names - zone.names - set(zone.failing) == {dns.name.from_text("gone.example")}


def test_every_host_that_is_named_has_an_address() -> None:
    zone = parse(RECORDS, BLOCK.addresses())
    targets = {
        rdata.to_text().split()[-1]
        for (_, kind), rdatas in zone.records.items()
        if kind in (dns.rdatatype.MX, dns.rdatatype.CNAME)
        for rdata in rdatas
    }
    assert [t for t in targets - {"."} if dns.name.from_text(t) not in zone.names] == []
