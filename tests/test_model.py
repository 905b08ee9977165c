"""What the nouns work out of what they are given."""

from __future__ import annotations

import pytest

from mxward.domains import Domains
from mxward.model import Exchange, FrontDoor, Known, Rules, Scanner, Stage, Trust
from mxward.networks import address, network


@pytest.mark.parametrize(
    ("host", "its"),
    [
        ("clean.example", True),
        ("mx1.clean.example", True),
        ("a.mx.shield.example", True),
        ("shield.example", False),
        ("notclean.example", False),
        ("clean.example.org", False),
        ("", False),
    ],
)
def test_a_scanners_mx_names_end_at_a_label(host: str, its: bool) -> None:
    assert Scanner("clean", mx=("clean.example", "mx.shield.example")).has_mx(host) is its


@pytest.mark.parametrize(
    ("stages", "strictest"),
    [
        ("observe", Stage.OBSERVE),
        ("observe defer", Stage.DEFER),
        ("defer observe", Stage.DEFER),
        ("observe refuse defer", Stage.REFUSE),
        ("refuse reroute observe", Stage.REROUTE),
    ],
)
def test_the_strictest_stage(stages: str, strictest: Stage) -> None:
    default, *others = map(Stage, stages.split())
    by_domain = {f"d{number}.example": stage for number, stage in enumerate(others)}
    assert Rules(Domains(), default, by_domain).strictest is strictest


def test_trust_is_sorted_by_what_it_goes_by() -> None:
    printer = Trust("anna", "printer", network("192.0.2.7/32"))
    branch = Trust("ben", "branch", name="gw.branch.example")
    partner = Trust("ben", "partner", certificate="*.partner.example")
    rules = Rules(Domains(), trust=(printer, partner, branch))
    assert list(rules.trusted_networks) == [printer.network]
    assert rules.trusted_names == (branch,)
    assert rules.trusted_certificates == (partner,)


def test_a_front_door_knows_its_addresses_and_scanners() -> None:
    one, two = address("62.4.5.6"), address("2a00:1::25")
    exchanges = (
        Exchange(10, "mx1.clean.example", (one,), "clean"),
        Exchange(20, "mx2.clean.example", (one, two), "clean"),
        Exchange(20, "mx.shield.example", (), "shield"),
        Exchange(30, "mail.example"),
    )
    door = FrontDoor(Known.FOUND, exchanges)
    assert door.addresses == {one, two}
    assert door.scanners == ("clean", "shield")
