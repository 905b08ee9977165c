"""`mxward lockdown microsoft365` and `google` as an operator types them."""

from __future__ import annotations

import pytest

from tests.cli.place import Place

TRUSTED_BY_ADDRESS = ('name = "printer.it.co.za"', 'network = "192.0.2.7"')


@pytest.fixture(name="fronted")
def _fronted(place: Place) -> Place:
    """Two domains with a scanner in front and a stage that refuses, one of them is trusted for."""
    path = place.folder / "mxward.toml"
    path.write_text(path.read_text().replace(*TRUSTED_BY_ADDRESS))
    (place.folder / "domains").write_text("it.co.za\nexample.org\n")
    place.folder.joinpath("stored.db").rename(place.store)
    return place


def read(place: Place, name: str) -> str:
    return (place.folder / name).read_text()


def test_connectors_by_addresses(fronted: Place) -> None:
    fronted.shown("lockdown", "microsoft365", "--out", "m")
    data = read(fronted, "m/connectors.ps1")
    made, _, watched = data.partition("$Watches")
    assert made.count("Certificate = $null") == 2  # the printer is trusted for one of them
    assert ("'192.0.2.7'" in made, "'198.51.100.128/25'" in made) == (True, True)
    assert "'198.51.100.128-198.51.100.255'" in watched
    assert "2001:" not in data
    assert "its IPv6 networks" in read(fronted, "m/README.md")
    assert "```powershell" in read(fronted, "m/README.md")


def test_connectors_by_a_certificate_that_is_given(fronted: Place) -> None:
    words = ("lockdown", "microsoft365", "--out", "m", "example.org", "--certificate")
    fronted.shown(*words, "scanner=*.Scanner.Example")
    assert "Certificate = '*.scanner.example'" in read(fronted, "m/connectors.ps1")
    assert "'it.co.za'" not in read(fronted, "m/connectors.ps1")
    for wrong, code in (("scaner=*.x.example", 1), ("*.x.example", 2), ("scanner=a'b", 2)):
        assert fronted.run(*words, wrong).exit_code == code


def test_connectors_by_the_certificate_that_is_configured(fronted: Place) -> None:
    path = fronted.folder / "mxward.toml"
    tls = '[tls]\ncertificates = [{ chain = "/dev/null", key = "/dev/null" }]\n[scanners.scanner]\n'
    shown = f'{tls}certificates = ["*.scanner.example"]'
    path.write_text(path.read_text().replace("[scanners.scanner]", shown))
    fronted.run("lockdown", "microsoft365", "--out", "m", "example.org")
    assert "Certificate = '*.scanner.example'" in read(fronted, "m/connectors.ps1")


def test_steps_for_an_account(fronted: Place) -> None:
    fronted.shown("lockdown", "google", "--out", "g")
    steps = read(fronted, "g/google-workspace.txt")
    assert "   203.0.113.0/28\n" in steps
    assert "9. Edit the setting again, and tick: Reject all mail" in steps
    (fronted.folder / "domains").write_text("it.co.za\nexample.org\nown.example\n")
    fronted.shown("lockdown", "google", "--out", "g")
    assert "9. Reject: NOT YET." in read(fronted, "g/google-workspace.txt")


@pytest.mark.parametrize(("way", "stays"), [("microsoft365", True), ("google", False)])
def test_who_is_named_for_an_account_is_all_of_it(fronted: Place, way: str, stays: bool) -> None:
    """A client that is trusted for the other domain only, which is not named."""
    fronted.shown("lockdown", way, "--out", "o")
    fronted.shown("lockdown", way, "--out", "o", "example.org")
    file = {"microsoft365": "o/connectors.ps1", "google": "o/google-workspace.txt"}[way]
    assert ("192.0.2.7" in read(fronted, file)) is stays


def test_where_most_are_not_named_any_more_it_says_so(fronted: Place) -> None:
    fronted.shown("lockdown", "google", "--out", "g")
    done = fronted.run("lockdown", "google", "--out", "g", "own.example")
    assert done.exit_code == 3
    assert "it.co.za: it is not named any more, nor are most of the others: its" in done.stderr


@pytest.mark.parametrize("way", ["microsoft365", "google"])
def test_what_was_run_is_checked(fronted: Place, way: str) -> None:
    check = ("lockdown", way, "--check", "--installed", "kept")
    assert fronted.run(*check).exit_code == 4
    fronted.shown("lockdown", way, "--out", "kept", "--installed", "kept")
    assert fronted.run(*check).exit_code == 0
    path = fronted.folder / "mxward.toml"
    path.write_text(path.read_text().replace('"192.0.2.7"', '"192.0.2.8"'))
    assert fronted.run(*check).exit_code == 4
    assert "192.0.2.8" in fronted.run(*check[:2], "--diff", *check[3:]).stdout


@pytest.mark.parametrize("way", ["microsoft365", "google"])
def test_without_a_scanner_nothing_is_written(fronted: Place, way: str) -> None:
    (fronted.folder / "domains").write_text("own.example\n")
    done = fronted.run("lockdown", way, "--out", "o")
    assert (done.exit_code, "no domain has a scanner in front" in done.stderr) == (1, True)
    assert not (fronted.folder / "o").exists()


@pytest.mark.parametrize("way", ["microsoft365", "google"])
def test_help_says_how_it_is_used_and_that_it_was_not_tried(place: Place, way: str) -> None:
    shown = place.shown("lockdown", way, "--help")
    assert "Example" in shown
    assert "Exit codes: 0 " in shown
    assert "NOT TRIED" in shown
