"""`mxward lockdown dns` against BIND: what is written is run by nsupdate with a key, step by step,
and taken back; the zones are then what they were, but for their serials.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxward.cli.zone_files import read
from mxward.lockdown.dns.nsupdate import script
from mxward.lockdown.dns.records import Change
from mxward.lockdown.dns.spelling import quoted
from mxward.lockdown.dns.zone_diff import edited
from tests.integration.dns_stand import DOMAINS, MAIL, NEW, PRIMARY, WEB, ZONES, Stand, stand
from tests.integration.servers import SmtpSink, room
from tests.integration.servers.bind import check_zone

pytestmark = pytest.mark.real

ELSEWHERE = "192.0.2.99"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stand]:
    with stand(tmp_path) as stands:
        yield stands


def addresses(here: Stand, zone: str) -> dict[str, list[str]]:
    """The A, AAAA and CNAME records of a zone, by name."""
    found: dict[str, list[str]] = {}
    for line in here.bind.dump(zone).splitlines():
        name, _, _, kind, value = line.split(None, 4)
        if kind in ("A", "AAAA", "CNAME"):
            found.setdefault(name.removesuffix("."), []).append(value)
    return found


def stays(told: Any) -> dict[str, str]:
    return {each["name"]: each["why"] for each in told["stays"]}


def test_names_are_dropped_and_come_back(here: Stand) -> None:
    before = here.dump()
    told = here.plan("--drop")
    assert here.dump() == before, "nothing is sent"
    here.run(here.scripts())
    assert addresses(here, "it.co.za") == {
        "it.co.za": [WEB],
        "www.it.co.za": ["it.co.za."],
        "imap.it.co.za": [MAIL],
    }
    assert addresses(here, "mixed.example") == {"mail.mixed.example": [WEB]}
    for zone in ("six.example", "cname.example", "parent.example", "xn--bcher-kva.example"):
        assert addresses(here, zone) == {}
    assert '"v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:' in here.bind.dump("it.co.za")
    assert here.bind.dump("own.example") == before["own.example"]
    assert told["own"] == ["own.example"]
    assert stays(told) == {
        "mail.hosting.example": "the MX of own.example names mail.hosting.example",
        "imap.it.co.za": "_imaps._tcp.it.co.za (SRV) names imap.it.co.za",
        "web.example": "a web site may answer at its address (not asked: --look asks)",
        "www.web.example": "a web site may answer at its address (not asked: --look asks)",
        "*.wild.example": "a web site may answer at its address (not asked: --look asks)",
    }
    here.run(here.scripts("back"))
    assert here.dump() == before


def test_the_way_back_is_kept_when_nothing_is_left_to_do(here: Stand) -> None:
    before = here.dump()
    here.plan("--drop")
    written = {path: path.read_bytes() for path in here.out.glob("*/*")}
    again = here.plan("--drop")
    assert again["changed"] == 0
    here.run(here.scripts())
    done = here.plan("--drop")
    assert {step["pending"] for step in done["steps"].values()} == {0}
    assert {path: path.read_bytes() for path in here.out.glob("*/*")} == written
    here.run(here.scripts("back"))
    assert here.dump() == before


def test_what_comes_later_has_its_own_way_back(here: Stand) -> None:
    before = here.dump()
    here.plan("--drop")
    done = here.scripts()
    here.run(done)
    told = here.plan("--drop", "--even-so")
    assert told["steps"]["names"]["folders"] == ["2-names", "2-names-2"]
    new = [path for path in here.scripts() if path not in done]
    assert {path.stem for path in new} == {"it.co.za", "web.example", "wild.example"}
    here.run(new)
    assert addresses(here, "it.co.za") == {"it.co.za": [WEB], "www.it.co.za": ["it.co.za."]}
    assert addresses(here, "web.example") == {}
    assert addresses(here, "wild.example") == {"mx.wild.example": [MAIL]}, "seen the next time"
    here.run(here.scripts("back"))
    assert here.dump() == before


def test_names_are_pointed_elsewhere_and_come_back(here: Stand) -> None:
    before = here.dump()
    told = here.plan("--point-to", ELSEWHERE, "--even-so", "--keep", "mx.*")
    assert list(told["steps"]) == ["ttl", "spf", "names", "settle"]
    here.run(here.scripts())
    assert addresses(here, "it.co.za")["mail.it.co.za"] == [ELSEWHERE]
    assert addresses(here, "it.co.za")["smtp.it.co.za"] == ["mail.it.co.za."], "it goes along"
    assert addresses(here, "cname.example") == {"mail.cname.example": ["smtp.hosting.example."]}
    assert addresses(here, "six.example") == {"mail.six.example": [ELSEWHERE]}
    assert addresses(here, "mixed.example") == {"mail.mixed.example": [WEB, ELSEWHERE]}
    assert addresses(here, "wild.example")["*.wild.example"] == [ELSEWHERE]
    assert f"mail.it.co.za. 7200 IN A {ELSEWHERE}" in here.bind.dump("it.co.za"), (
        "as long as before"
    )
    assert here.plan("--point-to", ELSEWHERE, "--even-so", "--keep", "mx.*")["changed"] == 2
    here.run(here.scripts("back"))
    assert here.dump() == before


def test_the_server_is_moved_and_comes_back(here: Stand) -> None:
    before = here.dump()
    words = ("--move-to", NEW, "--zone", "hosting.example")
    told = here.plan(*words)
    name = told["new_name"]
    assert name.endswith(".hosting.example") and len(name) > 35
    here.run(here.scripts())
    assert addresses(here, "hosting.example")[name] == [NEW]
    assert f'"v=spf1 a:mail.it.co.za ip4:{NEW} include:' in here.bind.dump("it.co.za")
    assert told["scanners"] == {"scanner": 10}
    again = here.plan(*words)
    assert again["new_name"] == name, "the label stays"
    assert {step["pending"] for step in again["steps"].values()} == {0}
    here.run(here.scripts("back"))
    assert here.dump() == before


def test_a_zone_that_moved_on_is_left_alone(here: Stand) -> None:
    here.plan("--drop")
    other = here.directory / "other"
    other.write_text(
        f"server {PRIMARY} 53\nzone it.co.za.\n"
        "update add smtp.it.co.za. 60 IN CNAME www.it.co.za.\n"
        f"update delete mail.it.co.za. IN A\nupdate add mail.it.co.za. 60 IN A {ELSEWHERE}\nsend\n"
    )
    assert here.bind.update(other).returncode == 0
    moved_on = here.dump()
    names = here.out / "2-names" / "it.co.za.nsupdate"
    done = here.bind.update(names)
    assert (done.returncode, done.stderr) == (2, "update failed: NXRRSET\n")
    back = here.bind.update(names.with_suffix(".back"))
    assert (back.returncode, back.stderr) == (2, "update failed: YXRRSET\n")
    assert here.dump() == moved_on


def test_a_script_that_is_run_twice_does_its_work_once(here: Stand) -> None:
    here.plan("--drop")
    here.run(here.scripts())
    once = here.dump()
    assert {here.bind.update(script).returncode for script in here.scripts()} == {2}
    assert here.dump() == once


def test_a_zone_that_is_not_ours_is_named_and_left_alone(here: Stand) -> None:
    told = here.plan("--drop", "--name-server", "ns1.hosting.example")
    why = "the zone foreign.example is not yours (served by ns1.elsewhere.example)"
    assert stays(told)["mail.foreign.example"] == why
    assert not [path for path in here.scripts() if path.stem == "foreign.example"]


def test_what_a_domain_needs_that_is_not_asked_for_stays(here: Stand) -> None:
    told = here.plan("--drop", "hosting.example")
    assert told["domains"] == 1
    assert stays(told) == {
        "mail.hosting.example": "the MX of own.example names mail.hosting.example",
        "smtp.hosting.example": "mail.cname.example leads there, which stays",
    }
    assert here.scripts() == []


@pytest.mark.parametrize("answers", [True, False])
def test_a_web_site_is_looked_for_only_when_asked_to(here: Stand, answers: bool) -> None:
    web = SmtpSink(here.directory / "web", MAIL, 443)
    with web if answers else nullcontext():
        found = stays(here.plan("--drop", "--look"))
    if answers:
        assert found["web.example"] == "a web site answers at its address"
    else:
        assert "web.example" not in found
        here.run(here.scripts())
        assert addresses(here, "web.example") == {}


def test_what_fits_into_no_message_is_done_in_several(here: Stand, tmp_path: Path) -> None:
    changes = [
        Change(f"n{n:04}.it.co.za", "A", (), (f"198.18.{n // 250}.{n % 250}",), 60, 60)
        for n in range(1_500)
    ]
    before = here.dump()
    there, back = tmp_path / "there", tmp_path / "back"
    there.write_text(script("it.co.za", changes, f"{PRIMARY} 53"))
    back.write_text(script("it.co.za", [each.back for each in changes], f"{PRIMARY} 53"))
    assert here.bind.update(there).stderr == ""
    assert here.bind.dump("it.co.za").count(" 60 IN A 198.18.") == 1_500
    other = tmp_path / "other"
    gone = Change("n0000.it.co.za", "A", ("198.18.0.0",), (), 60, 60)
    other.write_text(script("it.co.za", [gone], f"{PRIMARY} 53"))
    assert here.bind.update(other).returncode == 0
    done = here.bind.update(back)
    assert (done.returncode, done.stderr) == (2, "update failed: NXRRSET\n"), "the first of them"
    left = here.bind.dump("it.co.za").count(" 60 IN A 198.18.")
    assert 0 < left < 750, "all of the first, none of the others"
    there.write_text(script("it.co.za", [gone.back], f"{PRIMARY} 53"))
    assert here.bind.update(there).returncode == 0
    assert here.bind.update(back).returncode == 2, "those that are gone are refused"
    assert here.dump() == before


def patch(folder: Path, difference: Path, *words: str) -> None:
    """As an operator does it."""
    (folder.parent / "difference").write_bytes(difference.read_bytes())
    argv = ["/opt/usr/bin/patch", "-s", *words]
    argv += [f"/srv/{folder.name}/{difference.stem}.zone", "/srv/difference"]
    done = subprocess.run(room.command(argv, folder.parent), capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


ODD = st.text(st.sampled_from(list("\"\\;$@()\n\r\t\0 .*#'`a")), max_size=300)


def test_any_text_comes_through_the_real_programs(here: Stand, tmp_path: Path) -> None:
    """TXT records of all kinds are brought and taken back by nsupdate, and read from a file."""
    texts = {"", "a" * 255, "b" * 256, *(chr(n) for n in range(128))}

    @settings(max_examples=100)
    @given(ODD)
    def more(text: str) -> None:
        texts.add(text)

    more()
    values = sorted(map(quoted, texts))
    changes = [  # BIND takes no more than 100 records of a type and name
        Change(f"odd{at}.it.co.za", "TXT", (), tuple(values[at : at + 50]), 60, 60)
        for at in range(0, len(values), 50)
    ]
    before = here.dump()
    there, back = tmp_path / "there", tmp_path / "back"
    there.write_text(script("it.co.za", changes, f"{PRIMARY} 53"))
    back.write_text(script("it.co.za", [each.back for each in changes], f"{PRIMARY} 53"))
    assert here.bind.update(there).stderr == ""
    found = {text for change in changes for text in here.bind.texts(change.name)}
    assert found == {text.encode() for text in texts}
    assert here.bind.update(back).stderr == ""
    assert here.dump() == before
    filed = read("it.co.za", "zone", ZONES["it.co.za"])
    checked = tmp_path / "checked"
    checked.mkdir()
    (checked / "zone").write_text("".join(edited(filed, changes, read).lines))
    assert check_zone(checked, "it.co.za") == ""


def test_zone_files_get_a_difference_that_patch_takes(here: Stand, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for zone in DOMAINS:
        if zone in ZONES:
            (folder / f"{zone}.zone").write_text(ZONES[zone])
    with (folder / "six.example.zone").open("a") as file:
        file.write("shop CNAME mail\n")
    told = here.plan("--drop", "--zone-file", str(folder))
    why = "shop.six.example (CNAME) names it, in its zone's file"
    assert stays(told)["mail.six.example"] == why
    (folder / "six.example.zone").write_text(ZONES["six.example"])
    told = here.plan("--drop", "--zone-file", str(folder))
    assert stays(told)["mail.d.parent.example"].startswith("the zone parent.example is not yours")
    differences = here.scripts("diff")
    assert {path.stem for path in differences} >= {"it.co.za", "mixed.example", "six.example"}
    for path in differences:
        patch(folder, path)
    text = (folder / "it.co.za.zone").read_text()
    line = 'it.co.za. 3600 IN TXT "v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:'
    assert f"; whoever reads this, the mail server\n{line}" in text
    assert "2026113003 60 60 3600 60 ; serial first" in text, "two steps"
    checked = tmp_path / "checked"
    checked.mkdir()
    for path in folder.iterdir():
        zone = path.name.removesuffix(".zone")
        (checked / "zone").write_bytes(path.read_bytes())
        assert check_zone(checked, zone) == ""
    for path in reversed(differences):
        patch(folder, path, "-R")
    assert {p.name: p.read_text() for p in folder.iterdir()} == {
        f"{zone}.zone": ZONES[zone] for zone in DOMAINS if zone in ZONES
    }
