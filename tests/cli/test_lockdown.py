"""`mxward lockdown`: what is written and what is not, and the exit codes that say so."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mxward.cli.lockdown_files import put
from mxward.demo.zone import parse
from mxward.lockdown import ledger
from mxward.store.database import Store
from tests.cli.place import ZONE, Place

HERE = ["--out", "out", "--installed", "/etc/exim4/mxward"]


@pytest.fixture
def started(place: Place) -> Place:
    """With a store, so that nothing is remarked that does not matter here."""
    Store.open(place.store).close()
    return place


def written(place: Place) -> dict[str, bytes]:
    folder = place.folder / "out"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def change(place: Place, old: str, new: str) -> None:
    path = place.folder / "mxward.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_run_and_the_next(started: Place) -> None:
    assert started.shown("lockdown", "exim", *HERE, "example.org", "own.example") == (
        "Accept rules for Exim: 1 domain (1 deny)\n"
        "  left out: own.example: nothing stands in front (own)\n"
        "out: 5 files written, the others are as they were\n"
        "Go on with out/README.md\n"
    )
    before = written(started)
    assert list(before) == [
        "README.md",
        "domains.cdb",
        "mxward.json",
        next(name for name in before if name.startswith("networks/via_scanner_")),
        "rcpt.acl",
    ]
    shown = started.shown("lockdown", "exim", *HERE, "example.org", "own.example")
    assert "out: 0 files written" in shown
    assert written(started) == before


def test_what_stands_for_names_that_nobody_lists_is_told(started: Place) -> None:
    with (started.folder / "domains").open("a") as inventory:
        inventory.write("*.it.co.za\n")
    result = started.run("lockdown", "exim", *HERE)
    assert "left out: *.it.co.za: it is for names that nobody has listed" in result.output
    assert "- *.it.co.za: it is for names" in (started.folder / "out" / "README.md").read_text()


def test_only_what_changed_is_written_anew(started: Place) -> None:
    started.shown("lockdown", "exim", *HERE, "example.org")
    times = {path: path.stat().st_ino for path in (started.folder / "out").rglob("*")}
    change(started, '"*.org"]', '"*.net"]')
    assert "out: 3 files written" in started.shown("lockdown", "exim", *HERE, "example.org")
    new = {path: path.stat().st_ino for path in (started.folder / "out").rglob("*")}
    changed = sorted(path.name for path in times if times[path] != new[path])
    assert changed == ["README.md", "domains.cdb", "mxward.json"]


def test_what_is_over_goes(started: Place) -> None:
    started.shown("lockdown", "exim", *HERE, "example.org")
    [before] = [name for name in written(started) if name.startswith("networks/")]
    change(started, 'recipients = ["it.co.za"]', 'recipients = ["own.example"]')
    change(started, "[dns]", '[[trust]]\nnetwork = "192.0.2.7"\nowner = "a"\nnote = "b"\n[dns]')
    started.shown("lockdown", "exim", *HERE, "example.org")
    [after] = [name for name in written(started) if name.startswith("networks/")]
    assert before != after
    assert b"192.0.2.7/32:" in written(started)[after]


def test_what_is_installed_is_compared_and_nothing_written(started: Place) -> None:
    words = ["lockdown", "exim", "--installed", str(started.folder / "out"), "example.org"]
    result = started.run(*words, "--check")
    assert (result.exit_code, (started.folder / "out").exists()) == (4, False)
    assert "5 files would be other" in result.output
    started.shown(*words, "--out", "out")
    before = written(started)
    assert started.run(*words, "--check").exit_code == 0
    assert started.run(*words, "--diff").output == ""
    change(started, '"*.org"]', '"*.net"]')
    result = started.run(*words, "--diff", "--tables", "lsearch")
    assert result.exit_code == 4
    assert "+example.org: warn:via_scanner_" in result.output
    assert written(started) == before
    (started.folder / "out" / "rcpt.acl").write_text("accept\n")
    assert "-accept\n" in started.run(*words, "--diff").output


def test_servers_may_read_it_whatever_the_umask(started: Place) -> None:
    before = os.umask(0o077)
    try:
        started.shown("lockdown", "exim", "--out", "new/out", "example.org")
    finally:
        os.umask(before)
    paths = [started.folder / "new", *(started.folder / "new").rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o755}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o644}


def test_whose_exim_it_is_changes_the_steps_and_nothing_else(started: Place) -> None:
    started.shown("lockdown", "exim", *HERE, "example.org")
    before = written(started)
    started.shown("lockdown", "exim", *HERE, "--for", "debian", "example.org")
    after = written(started)
    readmes = [files.pop("README.md").decode() for files in (before, after)]
    assert ["update-exim4.conf" in readme for readme in readmes] == [False, True]
    assert after == before


def silent(place: Place) -> None:
    change(place, "timeout = 2", "timeout = 0.2")
    place.server.silent = True


def shrunk(place: Place) -> None:
    change(place, 'spf = ["_spf.scanner.example"]', 'egress = ["203.0.113.0/30"]')


def gone(place: Place) -> None:
    place.server.zone = parse("example.org MX 0 .", {})


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (silent, "its front door cannot be looked up"),
        (shrunk, "its front door shrank by more than half"),
        (gone, "it has no front door any more"),
    ],
)
def test_an_unsure_front_door_keeps_the_old_rule(
    started: Place, trouble: Callable[[Place], None], why: str
) -> None:
    started.shown("lockdown", "exim", *HERE, "example.org")
    before = written(started)
    trouble(started)
    result = started.run("lockdown", "exim", *HERE, "example.org")
    assert result.exit_code == 3
    assert f"mxward: example.org: {why}: its old rule stays\n" in result.output
    after = written(started)
    assert f"- example.org: {why}" in after.pop("README.md").decode()
    before.pop("README.md")
    assert after == before


@pytest.mark.parametrize("trouble", [silent, gone])
def test_what_is_refused_by_mistake_can_be_let_by_while_the_dns_is_down(
    started: Place, trouble: Callable[[Place], None]
) -> None:
    words = ["lockdown", "exim", *HERE, "--tables", "lsearch", "example.org"]
    started.shown(*words)
    rule = written(started)["domains"]
    trouble(started)
    change(started, 'refuse = ["broken.example", "*.org"]', 'defer = ["*.org"]')
    assert started.run(*words).exit_code == 3
    assert written(started)["domains"] == rule.replace(b": deny:", b": defer:")
    change(started, 'defer = ["*.org"]', "")
    assert started.run(*words).exit_code == 3
    assert written(started)["domains"] == rule.replace(b": deny:", b": warn:")
    change(started, "[stages]", '[stages]\nrefuse = ["*.org"]')
    assert started.run(*words).exit_code == 3
    assert written(started)["domains"] == rule.replace(b": deny:", b": warn:")


def test_the_operators_word_is_taken(started: Place) -> None:
    started.shown("lockdown", "exim", *HERE, "example.org")
    before = written(started)
    shrunk(started)
    assert started.run("lockdown", "exim", *HERE, "--accept", "example.org").exit_code == 0
    assert written(started) != before


def test_a_front_door_never_known_gets_no_rule(started: Place) -> None:
    result = started.run("lockdown", "exim", *HERE, "example.org", "broken.example")
    assert result.exit_code == 3
    assert "mxward: broken.example: its front door cannot be looked up: it gets no rule\n" in (
        result.output
    )
    assert b"broken.example" not in written(started)["domains.cdb"]


def test_an_inventory_that_shrank_keeps_all_rules(started: Place) -> None:
    change(started, 'recipients = ["it.co.za"]', 'recipients = ["own.example"]')
    file = started.folder / "domains"
    file.write_text("example.org\nit.co.za\nmoved.example\n")
    started.shown("lockdown", "exim", *HERE)
    before = written(started)
    file.write_text("moved.example\n")
    result = started.run("lockdown", "exim", *HERE)
    assert result.exit_code == 3
    assert "it.co.za: it is not in the inventory any more, nor are most" in result.output
    assert written(started)["domains.cdb"] == before["domains.cdb"]
    assert started.run("lockdown", "exim", *HERE, "--accept").exit_code == 0
    assert written(started)["domains.cdb"] != before["domains.cdb"]


def test_who_was_named_and_is_listed_by_its_parent_only_keeps_its_rule_true(started: Place) -> None:
    (started.folder / "domains").write_text("example.org\n*.more.org\n")
    started.server.zone = parse(f"{ZONE}\na.more.org MX 10 mx2.scanner.example.\n", {})
    words = ["lockdown", "exim", *HERE, "--tables", "lsearch"]
    started.shown(*words, "a.more.org")
    change(started, '"*.org"]', '"*.net"]')
    started.shown(*words)
    assert written(started)["domains"].startswith(b"a.more.org: warn:via_")
    (started.folder / "domains").write_text("example.org\n")
    started.shown(*words)
    assert b"a.more.org" not in written(started)["domains"]


@pytest.mark.parametrize("named", [["example.org"], ["example.org", "own.example"]])
def test_naming_domains_touches_only_these(started: Place, named: list[str]) -> None:
    """Fewer than half of them, or more."""
    inventory = started.folder / "domains"
    inventory.write_text("example.org\nit.co.za\nmore.org\nown.example\n")
    change(started, 'recipients = ["it.co.za"]', 'recipients = ["own.example"]')
    started.server.zone = parse(f"{ZONE}\nmore.org MX 10 mx2.scanner.example.\n", {})
    words = ["lockdown", "exim", *HERE, "--tables", "lsearch"]
    started.shown(*words)
    before = written(started)["domains"].splitlines()
    assert [line.partition(b":via_")[0] for line in before] == [
        *(b"example.org: deny", b"it.co.za: defer", b"more.org: deny")
    ]
    change(started, '"*.org"]', '"*.net"]')
    change(started, 'reroute = ["it.co.za"]', "")
    started.server.zone = parse(
        "\n".join(line for line in ZONE.splitlines() if "it.co.za" not in line), {}
    )
    said = started.shown(*words, *named)
    assert said.startswith("Accept rules for Exim: 3 domains (1 defer, 1 deny, 1 warn)\n")
    after = written(started)["domains"].splitlines()
    assert after == [before[0].replace(b": deny:", b": warn:"), *before[1:]]
    inventory.write_text("example.org\nit.co.za\nown.example\n")
    started.shown(*words, *named)
    assert written(started)["domains"].splitlines() == after[:2]


def test_as_json(started: Place) -> None:
    result = started.run("lockdown", "exim", *HERE, "--json", "it.co.za", "example.org")
    told = json.loads(result.stdout)
    assert told["domains"] == {"example.org": "deny"}
    assert told["left_out"] == {
        "it.co.za": "a client is trusted by its name printer.it.co.za (mxward.toml:25):"
        " use mxward policyd"
    }
    assert (told["place"], told["kept"]) == ("out", [])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--installed", "/etc/mx ward", "example.org"], 1, "name a folder by its whole path"),
        (["--tables", "dbm"], 2, "'dbm' is not one of"),
        (["no_domain!"], 2, "no_domain!"),
        (["--config", "wrong.toml"], 78, "refuze"),
        (["--out", "domains/x", "example.org"], 1, "domains/x/mxward.json: Not a directory"),
    ],
)
def test_what_goes_wrong(started: Place, words: list[str], code: int, said: str) -> None:
    result = started.run("lockdown", "exim", *words)
    assert (result.exit_code, said in result.output) == (code, True), result.output


def test_a_damaged_ledger_stops_everything(started: Place) -> None:
    started.shown("lockdown", "exim", *HERE, "example.org")
    (started.folder / "out" / "mxward.json").write_text("{}")
    before = written(started)
    result = started.run("lockdown", "exim", *HERE, "example.org")
    assert (result.exit_code, written(started)) == (1, before)
    assert result.output == (
        "mxward: out/mxward.json: no ledger of mxward lockdown (KeyError); put the file of the "
        "last run back, or remove it: no old rule is kept then\n"
    )


# -- postfix ----------------------------------------------------------------------------------

MAIN = "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination\n"


def test_main_cf_is_read_and_what_it_lacks_is_told(started: Place) -> None:
    main = started.folder / "main.cf"
    main.write_text(MAIN)
    words = ["lockdown", "postfix", "--main-cf", "main.cf", "--out", "out", "example.org"]
    words += ["--installed", str(started.folder / "out")]
    started.shown(*words)
    result = started.run(*words, "--check")
    assert result.exit_code == 4
    assert result.stderr == "mxward: main.cf does not say what these rules need: see the README\n"
    readme = (started.folder / "out" / "README.md").read_text()
    part = (started.folder / "out" / "main.cf.part").read_text()
    classes = ", ".join(line.partition(" ")[0] for line in part.splitlines())
    told = "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, mxward"
    assert f"postconf -e '{told}'" in readme
    main.write_text(f"{told}\nsmtpd_restriction_classes = {classes}\n{part}")
    assert started.run(*words, "--check").exit_code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no.cf: No such file or directory"),
        (b"\xff\n", "no.cf: this is no UTF-8"),
        (b"what\n", "main.cf: 'what' sets no parameter"),
        (b"smtpd_recipient_restrictions = x:{\n", "its braces do not match"),
    ],
)
def test_a_main_cf_that_cannot_be_read(started: Place, content: bytes | None, said: str) -> None:
    if content is not None:
        Path("no.cf").write_bytes(content)
    result = started.run("lockdown", "postfix", "--main-cf", "no.cf", "example.org")
    assert (result.exit_code, result.output) == (1, f"mxward: {said}\n")


def test_what_is_installed_goes_before_what_was_only_written(started: Place) -> None:
    installed = started.folder / "etc"
    words = ["lockdown", "exim", "--out", "out", "--installed", str(installed), "example.org"]
    started.shown(*words)
    installed.mkdir()
    (installed / "mxward.json").write_text("{}")
    result = started.run(*words)
    assert (result.exit_code, "etc/mxward.json: no ledger" in result.output) == (1, True)


def test_where_it_fails_half_way_the_ledger_tells_of_nothing_new(tmp_path: Path) -> None:
    """Files in the order they were made in (what names others comes after them), it the last."""
    files: dict[str, bytes] = {ledger.FILE: b"{}", "networks/via_x": b"x\n"}
    files["domains"] = "no octets"  # type: ignore[assignment]
    with pytest.raises(TypeError):
        put(tmp_path, files)
    there = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert there == ["networks/via_x"]
