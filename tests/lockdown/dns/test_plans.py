"""Plans for a handful of domains, word for word: tests/golden/lockdown/dns-*.md.

To change one, delete it and run its test, which writes it and fails; then read what has changed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from mxward.cli.lockdown_dns_files import Folder
from mxward.cli.lockdown_dns_writing import Draft, write
from mxward.lockdown.dns.about import About
from mxward.lockdown.dns.dropping import dropped
from mxward.lockdown.dns.kept import FILE, read
from mxward.lockdown.dns.moving import Move, moved, new_name
from mxward.lockdown.dns.records import Change
from mxward.lockdown.dns.sets import of_dropped, of_moved, standing
from mxward.lockdown.dns.staying import Wish
from mxward.lockdown.dns.steps import Way
from mxward.lockdown.dns.tally import Tally
from mxward.model import Known
from tests.lockdown.dns.world import ELSEWHERE, MAIL, MAIL6, NEW, PREMISES, World, looked

GOLDEN = Path(__file__).parents[2] / "golden" / "lockdown"
WORLD = World.of(f"""
    it.co.za SOA ns1.hosting.example. admin.hosting.example. 1 2 3 4 5
    it.co.za NS ns1.hosting.example.
    it.co.za MX 10 mx.scanner.example
    it.co.za A {MAIL}
    www.it.co.za CNAME it.co.za.
    mail.it.co.za 7200 A {MAIL}
    mail.it.co.za 7200 AAAA {MAIL6}
    smtp.it.co.za 1800 CNAME mail.it.co.za.
    it.co.za TXT "v=spf1 a:mail.it.co.za ip4:{MAIL} -all"
    _25._tcp.mail.it.co.za TLSA 3 1 1 aabbcc
    _imaps._tcp.it.co.za SRV 0 1 993 imap.it.co.za
    _mta-sts.it.co.za TXT "v=STSv1; id=1"
    it.co.za CAA 0 issue ca.example
    imap.it.co.za A {MAIL}
    two.example SOA ns1.hosting.example. admin.hosting.example. 1 2 3 4 5
    two.example NS ns1.hosting.example.
    two.example MX 10 mx.scanner.example
    mail.two.example CNAME smtp.two.example.
    smtp.two.example A {MAIL}
    ftp.two.example A {MAIL}
    ftp.two.example A {ELSEWHERE}
    foreign.example SOA ns1.elsewhere.example. admin.elsewhere.example. 1 2 3 4 5
    foreign.example NS ns1.elsewhere.example.
    foreign.example MX 10 mx.scanner.example
    mail.foreign.example A {MAIL}
    foreign.example TXT "v=spf1 ip4:{MAIL} -all"
    own.example SOA ns1.hosting.example. admin.hosting.example. 1 2 3 4 5
    own.example MX 10 mail.two.example
    clean.example SOA ns1.hosting.example. admin.hosting.example. 1 2 3 4 5
    clean.example NS ns1.hosting.example.
    clean.example MX 10 mx.scanner.example
    elsewhere.example MX 10 mx.nobody.example
    mx.nobody.example A 203.0.113.77
    broken.example MX !
    mx.scanner.example A 198.51.100.1
""")
DOMAINS = ["it.co.za", "two.example", "foreign.example", "own.example", "clean.example"]
DOMAINS += ["elsewhere.example", "broken.example"]
SERVERS = (ip_address(MAIL), ip_address(MAIL6))
WISH = Wish(
    PREMISES.servers,
    certificates=frozenset(("mail.it.co.za",)),
    name_servers=frozenset(("ns1.hosting.example",)),
)
ABOUT = About(
    "lockdown-dns", SERVERS, 300, exact=True, certificates=("mail.it.co.za", "www.it.co.za")
)


def agrees(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.md"
    if not path.exists():
        path.write_text(text)
        raise AssertionError(f"{path.name} was not there: read it")
    assert text == path.read_text()


def draft(wish: Wish, about: About = ABOUT, world: World = WORLD) -> Draft:
    every = looked(DOMAINS, world)
    done = dropped(every, wish)
    way = Way.POINT if wish.point_to else Way.DROP
    return Draft(
        way, about, every, done, of_dropped(done), standing(every, {}), server="192.0.2.53 53"
    )


def planned(made: Draft, place: Path) -> tuple[str, Tally]:
    folder = Folder(place)
    tally = write(made, folder)
    return (place / "PLAN.md").read_text(), tally


def test_names_dropped(tmp_path: Path) -> None:
    agrees("dns-drop", planned(draft(WISH), tmp_path)[0])


def test_names_dropped_whatever_they_are_for(tmp_path: Path) -> None:
    about = replace(ABOUT, exact=False, certificates=())
    agrees("dns-drop-even-so", planned(draft(replace(WISH, even_so=True), about), tmp_path)[0])


def test_names_pointed_elsewhere(tmp_path: Path) -> None:
    to = (ip_address("192.0.2.99"),)
    web = dict.fromkeys(SERVERS, Known.ABSENT)
    made = draft(replace(WISH, point_to=to, web=web), replace(ABOUT, point_to=to))
    agrees("dns-point", planned(made, tmp_path)[0])


@pytest.mark.parametrize("keep_spf", [False, True])
def test_the_server_moved(tmp_path: Path, keep_spf: bool) -> None:
    every = looked(DOMAINS, WORLD)
    name = new_name("x0123456789abcdef0123", "hosting.example")
    move = Move(name, "hosting.example", (ip_address(NEW),), keep_spf)
    plan = moved(every, move, WISH)
    about = replace(ABOUT, move=move, moved=plan)
    zones = of_moved(plan, move.zone)
    made = Draft(Way.MOVE, about, every, zones=zones, label="x0123456789abcdef0123")
    text, tally = planned(made, tmp_path)
    agrees(f"dns-move{'-keep-spf' * keep_spf}", text)
    assert tally.own == ["own.example"]
    assert read((tmp_path / FILE).read_text().splitlines()).label == "x0123456789abcdef0123"
    pinned = (tmp_path / "2-new" / "hosting.example.nsupdate").read_text()
    assert f"update add _25._tcp.{name}. 300 IN TLSA 3 1 1 aabbcc\n" in pinned


def test_every_domain_is_told_for_programs(tmp_path: Path) -> None:
    planned(draft(WISH), tmp_path)
    told = [json.loads(line) for line in (tmp_path / "domains.jsonl").read_text().splitlines()]
    assert [each["domain"] for each in told] == DOMAINS
    by_name = {each["domain"]: each for each in told}
    assert by_name["two.example"]["goes"] == ["ftp.two.example"]
    assert by_name["two.example"]["stays"]["smtp.two.example"].startswith("the MX of own.example")
    assert by_name["own.example"]["why"] == "its MX is the mail server itself"


@pytest.mark.parametrize("label", ["mail", "short", "a b c d e f", "-xxxxxxxxxx", "xn--xxxxxxxx-"])
def test_a_new_name_that_is_none_or_guessed_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match=r"is no domain name|is a name that is guessed"):
        new_name(label, "hosting.example")


def test_a_record_that_cannot_be_written_leaves_its_zone_alone(tmp_path: Path) -> None:
    made = draft(WISH)
    zones = {zone: dict(steps) for zone, steps in made.zones.items()}
    good = zones["two.example"]["names"]
    zones["two.example"]["names"] = (*good, good[0]._replace(name="bad name.two.example"))
    _, tally = planned(replace(made, zones=zones), tmp_path)
    assert [zone for zone, _ in tally.refused] == ["two.example"]
    assert not list(tmp_path.glob("*/two.example.*"))
    assert list(tmp_path.glob("*/it.co.za.*"))


def test_scripts_that_are_no_more_meant_are_removed(tmp_path: Path) -> None:
    planned(draft(WISH), tmp_path)
    assert (tmp_path / "2-names" / "two.example.nsupdate").exists()
    kept = read((tmp_path / FILE).read_text().splitlines(keepends=True))
    made = replace(draft(replace(WISH, keep=frozenset(("ftp.two.example",)))), before=kept)
    planned(made, tmp_path)
    assert not (tmp_path / "2-names" / "two.example.nsupdate").exists(), "it would drop what stays"
    assert (tmp_path / "2-names" / "it.co.za.nsupdate").exists()


def test_zones_of_which_nothing_is_asked_or_known_stay_as_they_were(tmp_path: Path) -> None:
    whole = draft(WISH)
    planned(whole, tmp_path)
    written = {path: path.read_bytes() for path in tmp_path.glob("*/*")}
    ledger = (tmp_path / FILE).read_text()
    kept = read(ledger.splitlines(keepends=True))
    only = [each for each in whole.looked if each.domain == "two.example"]
    done = dropped(whole.looked, replace(WISH, only=frozenset(("two.example",))))
    part = replace(whole, looked=only, dropped=done, zones=of_dropped(done), before=kept)
    planned(part, tmp_path)
    broken = WORLD.copy()
    broken.broken.add("smtp.it.co.za")
    planned(replace(draft(WISH, world=broken), before=kept), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.glob("*/*")} == written
    assert (tmp_path / FILE).read_text() == ledger


def test_a_zone_whose_name_is_no_file_s_is_refused_alone(tmp_path: Path) -> None:
    made = draft(WISH)
    long = ".".join(["a" * 60] * 4)
    change = Change(f"mail.{long}", "A", (MAIL,), (), 60, 60)
    zones = {**made.zones, long: {"names": (change,)}}
    _, tally = planned(replace(made, zones=zones), tmp_path)
    assert [zone for zone, _ in tally.refused] == [long]
    assert list(tmp_path.glob("*/it.co.za.*"))
