"""`mxward compare`: the five ways in numbers, by a log that a person can count."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mxward.demo.zone import parse
from tests.cli.place import ZONE, Place
from tests.cli.test_report import MAINLOG

LEADS = """
it.co.za               A    192.0.2.25
mail.it.co.za          A    192.0.2.25
www.example.org        A    192.0.2.25
smtp.own.example       A    192.0.2.25
"""


@pytest.fixture
def compared(place: Place) -> dict[str, Any]:
    place.server.zone = parse(ZONE + LEADS, {})
    (place.folder / "mainlog").write_text(MAINLOG)
    result = place.run("compare", "--json", "--zone", "UTC", "mainlog")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_five_ways(compared: dict[str, Any]) -> None:
    """Five recipients by the back door untrusted, three of them honest; two domains fronted."""
    assert (compared["back"], compared["honest"], compared["fronted"]) == (5, 3, 2)
    ways = {way["name"]: way for way in compared["ways"]}
    assert [*ways] == ["accept rules", "firewall", "drop A records", "move the server", "proxy"]
    rules, firewall, drop, move, proxy = ways.values()
    assert (rules["stopped"], rules["honest_lost"], rules["domains"]) == (5, 3, 2)
    # the printer, trusted by name, own.example's, the authenticated, and far.example's as well
    assert (firewall["stopped"], firewall["honest_lost"]) == (5, 3 + 4)
    # it.co.za's own record leads there, but so does mail.
    assert (drop["stopped"], drop["domains"], drop["records"]) == (0, 1, 1)
    assert drop["left_open"] == "mail. for 1 domain, www. for 1 domain"
    assert (move["stopped"], move["at_most"], move["records"]) == (5, True, 3)
    assert (proxy["stopped"], proxy["honest_lost"], proxy["domains"]) == (5, 0, 0)
    assert compared["recommended"] == "proxy"
    assert any("3 recipients" in reason for reason in compared["reasons"])


def test_on_the_screen(place: Place) -> None:
    (place.folder / "mainlog").write_text(MAINLOG)
    text = place.run("compare", "--zone", "UTC", "mainlog").stdout
    assert "\x1b" not in text
    assert "Recommended: proxy" in text
    assert max(map(len, text.splitlines())) <= 100
