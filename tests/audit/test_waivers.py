"""What the operator accepts: a server, a domain, both, and until when."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from mxward.audit.judging import Verdict
from mxward.audit.report import LIKELY, NOTHING_OPEN, OPEN
from mxward.audit.waivers import Waiver
from mxward.domains import Domains
from tests.audit.world import NOW, Case

SERVER = ip_address("192.0.2.25")
TWO = """\
it.co.za MX 10 mx.scanner.example
two.example MX 10 mx.scanner.example
mx.scanner.example A 198.51.100.1
@probe 192.0.2.25:25 it.co.za accepted catch_all=yes
@probe 192.0.2.25:25 two.example accepted catch_all=yes
"""


@pytest.mark.parametrize(
    ("given", "covered"),
    [
        ({"server": ip_network("192.0.2.25")}, True),
        ({"server": ip_network("192.0.2.0/24")}, True),
        ({"server": ip_network("192.0.3.0/24")}, False),
        ({"server": ip_network("192.0.2.25"), "port": 25}, True),
        ({"server": ip_network("192.0.2.25"), "port": 587}, False),
        ({"domains": Domains(["it.co.za"])}, True),
        ({"domains": Domains(["*.co.za"])}, True),
        ({"domains": Domains(["two.example"])}, False),
        ({"server": ip_network("192.0.2.25"), "domains": Domains(["two.example"])}, False),
        ({"server": ip_network("192.0.2.25"), "expires": NOW + 1}, True),
        ({"server": ip_network("192.0.2.25"), "expires": NOW}, False),
    ],
)
def test_what_is_covered(given: dict[str, object], covered: bool) -> None:
    waiver = Waiver("anna", "why", **given)  # type: ignore[arg-type]
    assert waiver.covers(SERVER, 25, "it.co.za", NOW) is covered


def test_one_known_by_its_name_only_is_covered_by_domains_only() -> None:
    by_server = Waiver("anna", "why", server=ip_network("0.0.0.0/0"))
    by_domain = Waiver("anna", "why", domains=Domains(["it.co.za"]))
    assert not by_server.covers(None, 25, "it.co.za", NOW)
    assert by_domain.covers(None, 25, "it.co.za", NOW)


@pytest.mark.parametrize(
    ("waive", "verdict", "concerned", "code"),
    [
        ("", Verdict.OPEN, ("it.co.za", "two.example"), OPEN),
        ("@waive domains=it.co.za", Verdict.OPEN, ("two.example",), OPEN),
        ("@waive server=192.0.2.25", Verdict.ACCEPTED, ("it.co.za", "two.example"), NOTHING_OPEN),
    ],
)
def test_the_worst_that_is_not_accepted_counts(
    waive: str, verdict: Verdict, concerned: tuple[str, ...], code: int
) -> None:
    report = Case.read(TWO + waive).report()
    (door,) = [finding for finding in report.findings if finding.server]
    assert (door.verdict, door.domains, report.exit_code()) == (verdict, concerned, code)


@pytest.mark.parametrize(
    ("probe", "code"),
    [
        ("accepted catch_all=yes", OPEN),
        ("accepted", LIKELY),
        ("silent", LIKELY),
        ("unreached", NOTHING_OPEN),
        ("accepted guarded=rerouted", NOTHING_OPEN),
    ],
)
def test_exit_codes(probe: str, code: int) -> None:
    one = TWO.partition("@")[0].replace("two.example MX 10 mx.scanner.example\n", "")
    report = Case.read(f"{one}@probe 192.0.2.25:25 it.co.za {probe}").report()
    assert report.exit_code() == code
