"""Where else a mail server may answer: what is asked, what is a candidate, and what is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.audit.front import Part, Standing
from mxward.audit.guesses import GUESSES, endpoint
from mxward.audit.survey import Surveyed, survey
from mxward.model import Answer, Kind, Known, Question
from mxward.networks import Networks
from tests.audit.world import PREMISES, Zone, surveyed

MX = "it.co.za MX 10 mx.scanner.example\nmx.scanner.example A 198.51.100.1\n"


def ways(lines: str, **changes: Any) -> dict[str, list[str]]:
    """By address, the ways that lead there; without those of the configuration."""
    premises = replace(PREMISES, named=(), **changes)
    found = surveyed("it.co.za", Zone.of(lines.strip().split("\n")), premises)
    return {str(c.address): [lead.told("it.co.za") for lead in c.leads] for c in found.candidates}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {}),
        ("it.co.za A 192.0.2.9", {"192.0.2.9": ["it.co.za"]}),
        (
            "mail.it.co.za A 192.0.2.9\nwww.it.co.za CNAME mail.it.co.za",
            {"192.0.2.9": ["mail.it.co.za", "www.it.co.za"]},
        ),
        ("mail.it.co.za AAAA 2001:db8:1::9", {"2001:db8:1::9": ["mail.it.co.za"]}),
        ("other.it.co.za A 192.0.2.9", {}),  # nobody would guess it
        # what is the scanner's is no back door
        ("mail.it.co.za A 198.51.100.1", {}),  # the host of the MX
        ("mail.it.co.za A 198.51.100.3", {}),  # declared as a place of it
        ("mail.it.co.za A 198.51.100.20", {}),  # it delivers from there
        # where nobody else could connect there is no door
        ("mail.it.co.za A 127.0.0.1\nwww.it.co.za A 0.0.0.0", {}),
        ("mail.it.co.za AAAA fe80::1\nwww.it.co.za A 224.0.0.1", {}),
        # a wildcard is told once; what is not the wildcard's is told too
        (
            "nobody.it.co.za A 192.0.2.9\nmail.it.co.za A 192.0.2.9\nwww.it.co.za A 192.0.2.10",
            {"192.0.2.9": ["*.it.co.za"], "192.0.2.10": ["www.it.co.za"]},
        ),
        (
            'it.co.za TXT "v=spf1 ip4:192.0.2.9 ip6:2001:db8:1::/126 a:out.it.co.za mx ~all"\n'
            "out.it.co.za A 203.0.113.9",
            {
                "192.0.2.9": ["SPF ip4:192.0.2.9"],
                "203.0.113.9": ["SPF a:out.it.co.za"],
                "2001:db8:1::": ["SPF ip6:2001:db8:1::/126"],
                "2001:db8:1::1": ["SPF ip6:2001:db8:1::/126"],
                "2001:db8:1::2": ["SPF ip6:2001:db8:1::/126"],
                "2001:db8:1::3": ["SPF ip6:2001:db8:1::/126"],
            },
        ),
        (
            'it.co.za TXT "v=spf1 mx:other.example include:_spf.it.co.za include:big.example"\n'
            "other.example MX 10 mx.other.example\nmx.other.example A 203.0.113.12\n"
            '_spf.it.co.za TXT "v=spf1 ip4:203.0.113.13 include:it.co.za"\n'
            'big.example TXT "v=spf1 ip4:203.0.113.14"',
            {"203.0.113.12": ["SPF mx:other.example"], "203.0.113.13": ["SPF ip4:203.0.113.13"]},
        ),
        ('it.co.za TXT "v=spf1 ip4:192.0.2.0/24 ip4:203.0.113.0/30"', {}),  # not taken apart
    ],
)
def test_candidates(lines: str, expected: dict[str, list[str]]) -> None:
    assert ways(MX + lines) == expected


def test_the_configuration_adds_names_and_servers() -> None:
    found = ways(MX + "old.mail.it.co.za A 192.0.2.9", guesses=(*GUESSES, "old.mail"))
    assert found == {"192.0.2.9": ["old.mail.it.co.za"]}
    whole = surveyed("it.co.za", Zone.of(MX.strip().split("\n")))
    assert [str(c.address) for c in whole.candidates] == ["192.0.2.25"]


def test_a_loopback_address_that_is_ones_own_counts() -> None:
    found = ways(MX + "mail.it.co.za A 127.0.0.9", networks=Networks.of("127.0.0.0/8"))
    assert found == {"127.0.0.9": ["mail.it.co.za"]}


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("it.co.za", "it-co-za.mail.protection.outlook.com"),
        ("a-b.example", "a-b-example.mail.protection.outlook.com"),
        (f"{'a' * 60}.example", ""),  # no label is that long
        ("xn--bcher-kva.example", ""),
    ],
)
def test_microsofts_own_name(domain: str, name: str) -> None:
    assert endpoint(domain) == name


def host(name: str, address: str, preference: int = 10) -> str:
    """One host of the MX."""
    return f"it.co.za MX {preference} {name}\n{name} A {address}\n"


VANITY = "it.co.za MX 10 mx.it.co.za\nmx.it.co.za CNAME mx.scanner.example\n"


@pytest.mark.parametrize(
    ("lines", "standing", "parts"),
    [
        ("", Standing.NONE, [Part.ABSENT]),
        ("it.co.za A 192.0.2.9", Standing.OWN, [Part.OWN]),  # the implicit MX
        ("it.co.za MX 0 .", Standing.NONE, []),
        ("it.co.za MX 10 gone.example", Standing.NONE, [Part.ABSENT]),
        ("it.co.za MX !", Standing.UNKNOWN, []),
        (host("mx.b.example", "!"), Standing.UNKNOWN, [Part.UNKNOWN]),
        (host("mx.b.example", "203.0.113.1"), Standing.ELSEWHERE, [Part.OTHER]),
        (host("mx.b.example", "192.0.2.9"), Standing.OWN, [Part.OWN]),
        (host("in.boxes.example", "203.0.113.1"), Standing.ELSEWHERE, [Part.MAILBOXES]),
        (host("notscanner.example", "203.0.113.1"), Standing.ELSEWHERE, [Part.OTHER]),
        (MX, Standing.FRONTED, [Part.SCANNER]),
        # by the name that CNAMEs lead to
        (VANITY + "mx.scanner.example A 203.0.113.1", Standing.FRONTED, [Part.SCANNER]),
        # by address: declared, and of the catalogue
        (host("mx.it.co.za", "198.51.100.2"), Standing.FRONTED, [Part.SCANNER]),
        (host("mx.it.co.za", "198.51.100.65"), Standing.FRONTED, [Part.SCANNER]),
        # a host that cannot be looked up takes no scanner away
        (MX + host("mx.b.example", "!", 20), Standing.FRONTED, [Part.SCANNER, Part.UNKNOWN]),
        ("it.co.za MX 10 192.0.2.25", Standing.NONE, []),
    ],
)
def test_what_stands_in_front(lines: str, standing: Standing, parts: list[Part]) -> None:
    found = surveyed("it.co.za", Zone.of(lines.strip().split("\n") if lines else []))
    assert (found.standing, [host.part for host in found.hosts]) == (standing, parts)


def test_only_a_domain_behind_a_scanner_is_asked_about() -> None:
    """Two rounds for the others: the MX, and its hosts."""
    asked: list[Question] = []
    zone = Zone.of(["it.co.za MX 10 mx.b.example", "mx.b.example A 203.0.113.1"])
    facts: dict[Question, Answer] = {}
    while asks := survey("it.co.za", facts, PREMISES).asks:
        asked += asks
        facts |= {question: zone.ask(question) for question in asks}
    assert asked == [
        Question(Kind.MX, "it.co.za"),
        Question(Kind.A, "mx.b.example"),
        Question(Kind.AAAA, "mx.b.example"),
    ]


def test_few_rounds() -> None:
    zone = Zone.of((MX + "mail.it.co.za A 192.0.2.25").split("\n"))
    facts: dict[Question, Answer] = {}
    rounds = []
    while asks := survey("it.co.za", facts, PREMISES).asks:
        rounds.append(len(asks))
        facts |= {question: zone.ask(question) for question in asks}
    names = 2 * (2 + len(PREMISES.guesses))
    assert rounds == [1, 2, names + 4]  # TXT, MTA-STS, Microsoft's name, TLSA of mail


STRANGE = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        [
            "10 mx.scanner.example",
            "0 .",
            "10 192.0.2.25",
            "99999 mx.b.example",
            "v=spf1 include:it.co.za include:_a.it.co.za a:mail.it.co.za mx:it.co.za -all",
            "v=spf1 " + "ip4:192.0.2.25 " * 5_000,
            "v=spf1 redirect=it.co.za",
            "192.0.2.25",
            "::ffff:192.0.2.25",
            "x" * 65_000,
        ]
    ),
)
ANSWERS = st.builds(
    Answer,
    st.sampled_from([Known.FOUND, Known.FOUND, Known.ABSENT, Known.FAILED]),
    st.lists(STRANGE, max_size=4).map(tuple),
    st.just(0.0),
    st.sampled_from(["", "mx.scanner.example", "mail.it.co.za", "it.co.za", "?"]),
)


@given(st.data())
def test_a_resolver_that_lies_ends_nothing(data: st.DataObject) -> None:
    """Whatever it says, the rounds come to an end, and what is known is a whole."""
    facts: dict[Question, Answer] = {}
    found = survey("it.co.za", facts, PREMISES)
    rounds = 0
    while found.asks:
        rounds += 1
        assert rounds < 40 and len(facts) < 5_000
        facts |= {q: _lie(data, q) for q in found.asks}
        found = survey("it.co.za", facts, PREMISES)
    assert isinstance(found, Surveyed)


def _lie(data: st.DataObject, question: Question) -> Answer:
    if question == Question(Kind.MX, "it.co.za"):
        return Answer(Known.FOUND, ("10 mx.scanner.example", data.draw(STRANGE)))
    if question == Question(Kind.A, "mx.scanner.example"):
        return Answer(Known.FOUND, ("198.51.100.1", data.draw(STRANGE)))
    return data.draw(ANSWERS)


def test_a_txt_record_of_64_kib() -> None:
    """Its terms count as far as anybody reads them, and it is said that few can."""
    terms = [f"ip4:192.0.2.{n % 100}" for n in range(4_300)]
    zone = Zone.of([*MX.strip().split("\n"), f'it.co.za TXT "v=spf1 {" ".join(terms)} -all"'])
    found = surveyed("it.co.za", zone)
    assert len(found.candidates) == 64  # so many terms; the server that is named is among them
    assert (
        found.spf_broken
        == "its TXT records are 64,081 octets long, which few resolvers bring whole"
    )


@pytest.mark.parametrize(
    ("records", "there"),
    [
        (['"v=STSv1; id=1"'], True),
        (['"v = STSv1;id=1"', '"something else"'], True),
        (['"v=STSv1; id=1"', '"v=STSv1; id=2"'], False),  # RFC 8461 3.1: then there is none
        (['"v=STSv2; id=1"'], False),
        ([], False),
    ],
)
def test_whether_there_is_a_policy_of_mta_sts(records: list[str], there: bool) -> None:
    lines = [f"_mta-sts.it.co.za TXT {record}" for record in records]
    assert surveyed("it.co.za", Zone.of([*MX.strip().split("\n"), *lines])).mta_sts is there
