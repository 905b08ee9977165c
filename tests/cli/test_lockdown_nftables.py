"""`mxward lockdown nftables` as an operator types it; and whom the logs say it would shut out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.place import Place
from tests.cli.test_trust_suggest import line, several_days

FRONTED = "it.co.za\nexample.org\n"
RULES = "lockdown-nftables/mxward-lockdown.nft"
SERVER = ("--server", "192.0.2.25", "--server", "2001:db8::25")
REFUSE = ("--stage", "refuse", *SERVER)


@pytest.fixture(name="fronted")
def _fronted(place: Place) -> Place:
    """All domains have a scanner in front and are enforced; the printer is trusted by address."""
    text = (place.folder / "mxward.toml").read_text()
    text = text.replace('name = "printer.it.co.za"', 'network = "192.0.2.7"')
    (place.folder / "mxward.toml").write_text(text)
    (place.folder / "domains").write_text(FRONTED)
    (place.folder / "stored.db").rename(place.store)
    return place


def lockdown(place: Place, *words: str) -> Result:
    return place.run("lockdown", "nftables", "--installed", str(place.folder / "etc"), *words)


def rules(place: Place) -> str:
    return (place.folder / RULES).read_text()


def test_who_is_let_in(fronted: Place) -> None:
    done = lockdown(fronted, *REFUSE)
    assert done.exit_code == 0, done.output
    elements = {text.strip("\t}, ") for text in rules(fronted).splitlines() if text[:1] == "\t"}
    assert elements == {
        "198.51.100.1",
        "198.51.100.2",
        "198.51.100.128/25",
        "203.0.113.0/28",
        "2001:db8:2::2",
        "192.0.2.7",
    }
    assert "ip daddr { 192.0.2.25 } tcp dport { 25, 26, 2525 }" in rules(fronted)
    assert "ip6 daddr { 2001:db8::25 }" in rules(fronted)
    assert "reject with tcp reset" in rules(fronted)


def test_nothing_is_refused_unasked(fronted: Place) -> None:
    assert lockdown(fronted, *SERVER, "--ports", "25, 465,25").exit_code == 0
    assert "reject" not in rules(fronted)
    assert "tcp dport { 25, 465 }" in rules(fronted)
    readme = (fronted.folder / "lockdown-nftables" / "README.md").read_text()
    assert "nothing is refused" in readme
    assert "README.md mxward.json" in readme
    assert "**port 465: users authenticate there**" in readme


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 1, "which addresses has the mail server?"),
        (("it.co.za",), 2, "name by --server one that serves these domains"),
        (("--server", "mail.example"), 2, "'mail.example' does not appear to be an IPv4"),
        (("--server", "fe80::1%eth0"), 2, "name an address without a zone"),
        (("--server", "192.0.2.25", "--ports", "smtp"), 2, "'smtp': name ports as 25,26,2525"),
        (("--server", "192.0.2.25", "--ports", "25,70000"), 2, "name ports as 25,26,2525"),
        (("--server", "192.0.2.25", "--installed", "a b"), 1, "take a path of letters"),
    ],
)
def test_what_is_wrong_is_said(
    fronted: Place, words: tuple[str, ...], code: int, said: str
) -> None:
    done = lockdown(fronted, *words)
    assert (done.exit_code, said in done.output) == (code, True), done.output
    assert not (fronted.folder / RULES).exists()


def test_the_servers_are_the_configured_ones(fronted: Place) -> None:
    path = fronted.folder / "mxward.toml"
    path.write_text(path.read_text().replace("[server]", '[server]\naddresses = ["192.0.2.25"]'))
    assert lockdown(fronted, "--stage", "refuse").exit_code == 0
    assert "ip daddr { 192.0.2.25 }" in rules(fronted)


def test_an_address_of_other_domains_is_not_shut(place: Place) -> None:
    """By the whole inventory: one is trusted by name, one is at observe, one leads elsewhere."""
    done = lockdown(place, *REFUSE)
    assert done.exit_code == 1
    assert not (place.folder / RULES).exists()
    for said in ("own.example", "moved.example", "null.example", "broken.example", "printer"):
        assert said in done.output
    again = lockdown(place, *SERVER)
    assert again.exit_code == 3  # one of them cannot be looked up
    assert "reject" not in rules(place)


def test_an_address_for_some_domains_only(fronted: Place) -> None:
    (fronted.folder / "domains").write_text(f"{FRONTED}own.example\n")
    assert lockdown(fronted, *REFUSE).exit_code == 1
    assert lockdown(fronted, *REFUSE, "it.co.za", "example.org").exit_code == 0


def test_those_that_are_named_are_all_that_it_serves(fronted: Place) -> None:
    assert lockdown(fronted, *REFUSE).exit_code == 0
    assert "192.0.2.7" in rules(fronted)
    assert lockdown(fronted, *REFUSE, "example.org").exit_code == 0
    assert "192.0.2.7" not in rules(fronted)


def test_what_is_installed_is_checked_by_the_command_in_the_readme(fronted: Place) -> None:
    assert lockdown(fronted, *REFUSE, "--out", "etc").exit_code == 0
    readme = (fronted.folder / "etc" / "README.md").read_text()
    [again] = [text for text in readme.splitlines() if text.endswith("--check --loaded")]
    words = again.split()[1:-1]
    assert fronted.run(*words).exit_code == 0
    assert "README.md mxward.json" not in readme  # they are where they belong
    rules_now = fronted.folder / "etc" / "mxward-lockdown.nft"
    rules_now.write_text(rules_now.read_text().replace("198.51.100.1,", "198.51.100.9,"))
    assert fronted.run(*words).exit_code == 4
    rules_now.unlink()
    assert fronted.run(*words).exit_code == 4


# -- by the logs --------------------------------------------------------------------------------


@pytest.fixture(name="log")
def _log(fronted: Place) -> Path:
    """The scanner, the printer, a worm; others are added by the tests."""
    path = fronted.folder / "mainlog"
    lines = [
        *several_days(10, "H=mx.clean.example [198.51.100.130]", "x@it.co.za"),
        *several_days(20, "H=printer.it.co.za [192.0.2.7]", "x@it.co.za"),
        line(50, 10, "H=(it.co.za) [192.0.2.90]", "x@it.co.za", tls=""),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def add(log: Path, *lines: str) -> None:
    log.write_text(log.read_text() + "\n".join(lines) + "\n")


def with_logs(place: Place, *words: str) -> Result:
    return lockdown(place, *REFUSE, "--logs", "mainlog", "--zone", "UTC", *words)


def test_a_worm_may_be_shut_out(fronted: Place, log: Path) -> None:
    done = with_logs(fronted)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "reject" in rules(fronted)


COPIER = several_days(30, "H=(copier) [192.0.2.8]", "x@example.org y@it.co.za")
USER = [
    text.replace("P=esmtp", "P=esmtpsa").replace(" S=", " A=plain:anna S=")
    for text in several_days(40, "H=(laptop) [192.0.2.66]", "x@elsewhere.example")
]
FORGOTTEN = several_days(60, "H=(shop) [192.0.2.67]", "x@forgotten.example")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (COPIER, "192.0.2.8 looks honest, by the back door of example.org: 8 recipients on 4 days"),
        (USER, "192.0.2.66 authenticated: 4 recipients on 4 days, until 2026-11-13"),
        (FORGOTTEN, "192.0.2.67 brought mail for domains that are not in the inventory: 4"),
    ],
    ids=["honest", "authenticated", "not ours"],
)
def test_who_would_be_shut_out_is_listed_and_nothing_written(
    fronted: Place, log: Path, lines: list[str], said: str
) -> None:
    add(log, *lines)
    done = with_logs(fronted)
    assert done.exit_code == 1
    assert f"mxward: would be shut out: {said}" in done.stderr
    assert "192.0.2.90" not in done.stderr
    assert not (fronted.folder / RULES).exists()
    logging = lockdown(fronted, *SERVER, "--logs", "mainlog", "--zone", "UTC")
    assert (logging.exit_code, said in logging.stderr) == (0, True)
    even_so = with_logs(fronted, "--even-so")
    assert (even_so.exit_code, said in even_so.stderr) == (0, True)
    assert "reject" in rules(fronted)


@pytest.mark.parametrize(
    "lines",
    [
        [text.replace("]:25 P=", "]:587 P=") for text in USER],
        [text.replace("I=[192.0.2.25]", "I=[192.0.2.99]") for text in COPIER],
        several_days(70, "H=localhost [127.0.0.1]", "x@it.co.za"),
    ],
    ids=["another port", "another address", "this machine"],
)
def test_who_is_not_touched_is_not_listed(fronted: Place, log: Path, lines: list[str]) -> None:
    add(log, *lines)
    done = with_logs(fronted)
    assert (done.exit_code, done.stderr) == (0, "")


def test_who_is_trusted_then_is_not_shut_out(fronted: Place, log: Path) -> None:
    add(log, *COPIER)
    path = fronted.folder / "mxward.toml"
    trusted = '\n[[trust]]\nnetwork = "192.0.2.8"\nowner = "anna"\nnote = "the copier"\n'
    path.write_text(path.read_text() + trusted)
    assert with_logs(fronted).exit_code == 0


def test_a_table_of_ingest_tells_the_same(fronted: Place, log: Path) -> None:
    add(log, *COPIER)
    done = fronted.run("ingest", "--zone", "UTC", "--to", "table", "mainlog")
    assert done.exit_code == 0, done.output
    done = lockdown(fronted, *REFUSE, "--logs", "table")
    assert (done.exit_code, "192.0.2.8 looks honest" in done.stderr) == (1, True)


def test_a_log_that_cannot_be_read_says_nothing_of_anybody(fronted: Place) -> None:
    done = with_logs(fronted)
    assert (done.exit_code, "mainlog" in done.stderr) == (1, True)
    assert not (fronted.folder / RULES).exists()


def test_programs_get_json(fronted: Place) -> None:
    told = json.loads(lockdown(fronted, *REFUSE, "--json").stdout)
    assert told["domains"] == {"it.co.za": "defer", "example.org": "deny"}


@pytest.mark.parametrize("way", ["nftables"])
def test_help_says_how_it_is_used_and_how_it_ends(place: Place, way: str) -> None:
    shown = place.shown("lockdown", way, "--help")
    assert "Example" in shown
    assert "Exit codes: 0 " in shown


def test_who_is_trusted_by_name_is_told_even_so(fronted: Place, log: Path) -> None:
    path = fronted.folder / "mxward.toml"
    path.write_text(path.read_text().replace('network = "192.0.2.7"', 'name = "printer.it.co.za"'))
    assert "trusted by its name printer.it.co.za" in with_logs(fronted).stderr
    done = with_logs(fronted, "--even-so")
    said = "192.0.2.7 is trusted for it.co.za, but not by its address: 4 recipients"
    assert (done.exit_code, said in done.stderr) == (0, True)
