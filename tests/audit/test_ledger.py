"""Domains and servers gathered: in any order, with the same outcome; bounded in what is kept."""

from __future__ import annotations

import random
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from mxward.audit.as_data import as_json
from mxward.audit.judging import At, How, Verdict
from mxward.audit.ledger import Ledger
from mxward.smtp.probed import About
from tests.audit.world import NOW, PREMISES, Case, Zone, probed, surveyed

DOMAINS = [f"d{n}.example" for n in range(6)]
ZONE = [
    *(f"{domain} MX 10 mx.scanner.example" for domain in DOMAINS),
    "d0.example MX 20 mail.provider.example",
    *(f"mail.{domain} A 192.0.2.{25 + n % 3}" for n, domain in enumerate(DOMAINS)),
    "www.d1.example A 203.0.113.80",
    "mail.d5.example A !",
    "mx.scanner.example A 198.51.100.1",
    "mail.provider.example A 192.0.2.25",
]
PROBES = [
    probed("192.0.2.25:25", "d0.example", catch_all=True, certificate=("mx.vendor.example",)),
    probed("192.0.2.25:25", "d1.example", "refused", about=About.DOMAIN),
    probed("192.0.2.25:25", "d2.example", "deferred", transcript=("put off",)),
    probed("192.0.2.25:25", "d2.example", "accepted", stranger=About.RECIPIENT),
    probed("192.0.2.25:25", "d3.example", "silent"),
    probed(
        "192.0.2.26:25", "d1.example", "refused", about=About.DOMAIN, banner="220 in.boxes.example"
    ),
    probed("192.0.2.26:25", "d4.example", "silent", banner="220 mx.vendor.example"),
    probed("192.0.2.26:587", "d4.example", "refused", about=About.LOGIN),
    probed("192.0.2.27:25", "d5.example", "unreached"),
]


def told(domains: list[str], probes: list[object]) -> str:
    """The whole report, as a program reads it."""
    case = Case(zone=ZONE, domains=domains, probes=probes)  # type: ignore[arg-type]
    return "".join(as_json(case.report()))


@given(st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(order: random.Random) -> None:
    domains, probes = list(DOMAINS), list(PROBES)
    order.shuffle(domains)
    order.shuffle(probes)
    assert told(domains, probes) == told(DOMAINS, list(PROBES))  # type: ignore[arg-type]


def test_what_is_heard_before_the_rest_of_the_domains_is_not_lost() -> None:
    zone, ledger = Zone.of(ZONE), Ledger(PREMISES)
    ledger.add(surveyed("d0.example", zone))
    ledger.heard(probed("192.0.2.25:25", "d0.example", "unreached"))
    ledger.add(surveyed("d1.example", zone))
    ledger.add(surveyed("d0.example", zone))
    ledger.domains.pop("d0.example")
    ledger.add(surveyed("d0.example", zone))
    at = ledger.servers["192.0.2.25", 25].at
    assert at == {
        "d0.example": At(Verdict.CLOSED, How.NOBODY),
        "d1.example": At(Verdict.LIKELY, How.MAIL_SERVER),
    }


def test_a_domain_that_was_not_asked_for_is_nothing() -> None:
    ledger = Case(zone=ZONE, domains=["d0.example"]).ledger()
    ledger.heard(probed("192.0.2.25:25", "stranger.example"))
    assert "stranger.example" not in ledger.servers["192.0.2.25", 25].at


def test_only_ones_own_servers_are_targets() -> None:
    ledger = Case(zone=ZONE, domains=DOMAINS).ledger()
    assert {str(a): d for a, d in ledger.targets().items()} == {
        "192.0.2.25": DOMAINS,  # the configuration names it
        "192.0.2.26": ["d1.example", "d4.example"],
        "192.0.2.27": ["d2.example"],  # d5's could not be looked up
    }
    assert ledger.strangers() == {ip_address("203.0.113.80"): "www.d1.example"}


def test_equal_parts_are_kept_once() -> None:
    zone, ledger = Zone.of(ZONE), Ledger(PREMISES)
    ledger.add(surveyed("d1.example", zone))
    ledger.add(surveyed("d4.example", zone))
    one, other = ledger.domains.values()
    assert one.hosts is other.hosts
    assert one.candidates[0].leads is other.candidates[0].leads


def test_evidence_is_of_the_worst() -> None:
    case = Case(zone=ZONE, domains=DOMAINS, probes=list(PROBES))
    (finding,) = [f for f in case.findings() if f.subject == "192.0.2.25:25"]
    assert "d0.example" in finding.evidence[-1]
    assert finding.service == "vendor"
    assert NOW > 0
