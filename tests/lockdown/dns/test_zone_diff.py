"""Zone files changed line by line: what is read again is what was wanted, comments and order stay,
and the difference leads back.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.cli.zone_files import NotRead, read
from mxward.lockdown.dns.records import Change
from mxward.lockdown.dns.zone_diff import FiledZone, difference, edited

ZONE = """\
$ORIGIN it.co.za.
$TTL 3600
@   IN SOA ns1 admin ( ; SOA of it.co.za 2026113001
        2026113001 ; serial
        60 60 3600 60 )
    NS ns1
; the mail server
mail 300 A 192.0.2.25 ; old
         AAAA 2001:db8::25
     300 TXT "kept; with ; semicolons" ; and a comment
www  CNAME mail
@    TXT ( "v=spf1 a:mail.it.co.za"
           " -all" )
"""


def zone(text: str = ZONE) -> FiledZone:
    return read("it.co.za", "it.co.za.zone", text)


def after(*changes: Change, text: str = ZONE) -> str:
    return "".join(edited(zone(text), changes, read).lines)


def test_records_go_and_the_others_keep_their_names() -> None:
    gone = Change("mail.it.co.za", "A", ("192.0.2.25",), (), 300, 300)
    assert (
        difference(zone(), edited(zone(), [gone], read))
        == """\
--- it.co.za.zone
+++ it.co.za.zone
@@ -1,12 +1,11 @@
 $ORIGIN it.co.za.
 $TTL 3600
 @   IN SOA ns1 admin ( ; SOA of it.co.za 2026113001
-        2026113001 ; serial
+        2026113002 ; serial
         60 60 3600 60 )
     NS ns1
 ; the mail server
-mail 300 A 192.0.2.25 ; old
-         AAAA 2001:db8::25
+mail.it.co.za.         AAAA 2001:db8::25
      300 TXT "kept; with ; semicolons" ; and a comment
 www  CNAME mail
 @    TXT ( "v=spf1 a:mail.it.co.za"
"""
    )


def test_a_record_of_several_lines_is_replaced_where_it_was() -> None:
    was, becomes = '"v=spf1 a:mail.it.co.za" " -all"', '"v=spf1 ip4:192.0.2.25 -all"'
    text = after(Change("it.co.za", "TXT", (was,), (becomes,), 3600, 3600))
    assert text.endswith(f"www  CNAME mail\nit.co.za. 3600 IN TXT {becomes}\n")


def test_what_is_new_comes_at_the_end_also_where_the_last_line_has_none() -> None:
    new = Change("x.it.co.za", "A", (), ("203.0.113.9",), 300, 300)
    text = after(new, text=ZONE.rstrip("\n"))
    assert text.endswith(' " -all" )\nx.it.co.za. 300 IN A 203.0.113.9\n')


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (Change("mail.it.co.za", "A", ("192.0.2.26",), (), 300, 300), "has other A records"),
        (Change("mail.it.co.za", "A", (), ("192.0.2.26",), 300, 300), "has other A records"),
        (Change("x.it.co.za", "A", (), ("192.0.2.1\n",), 300, 300), "is no A"),
    ],
)
def test_what_is_not_so_is_refused(change: Change, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        after(change)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("$INCLUDE /etc/passwd\n", "INCLUDE"),
        (f"{ZONE}$GENERATE 1-9 h$ A 192.0.2.$\n", "GENERATE"),
        ("@ A 192.0.2.1\n", "TTL|SOA"),
        (f"{ZONE}x A 192.0.2.1\ry A 192.0.2.2\n", "carriage return"),
        (f"{ZONE}x A no address\n", "it.co.za.zone"),
        (f'{ZONE}x TXT "no end\n', "it.co.za.zone"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, why: str) -> None:
    with pytest.raises(NotRead, match=why):
        zone(text)


def test_lines_that_end_as_elsewhere_stay_so() -> None:
    gone = Change("www.it.co.za", "CNAME", ("mail.it.co.za",), (), 3600, 3600)
    text = after(gone, text=ZONE.replace("\n", "\r\n"))
    assert text == ZONE.replace("www  CNAME mail\n", "").replace(
        "    2026113001", "    2026113002"
    ).replace("\n", "\r\n")


owners = st.sampled_from(["@", "mail", "www", "a.b", "*", "it.co.za.", ""])
ttls = st.sampled_from(["", "300 ", "IN ", "IN 60 ", "1h "])
rdatas = st.sampled_from(
    [
        *("A 192.0.2.25", "A 192.0.2.26", "AAAA 2001:db8::25", 'TXT "a;b" "\\"c"', "MX 10 mx.x."),
        *("A (\n 192.0.2.27 ) ; two lines", "TLSA 3 1 1 " + "ab" * 32, 'TXT ( "x" ; y\n )'),
    ]
)
ends = st.sampled_from(["\n", "\n", " ; it is so\n", "\n\n; alone\n", "\t\n"])
directives = st.sampled_from(["$TTL 60\n", "$ORIGIN sub.it.co.za.\n", "$ORIGIN it.co.za.\n"])
lines = st.builds("{} {}{}{}".format, owners, ttls, rdatas, ends)


@given(st.lists(lines | directives, max_size=12), st.data())
def test_any_file_is_as_wanted_or_left_alone(some: list[str], data: st.DataObject) -> None:
    text = "\n".join(ZONE.split("\n")[:6]) + "\n" + "".join(some)
    before = zone(text)
    keys = sorted({(p.name, p.kind) for p in before.placed if p.kind in ("A", "AAAA", "TXT")})
    if not keys:
        return
    name, kind = data.draw(st.sampled_from(keys))
    had = before.records(name, kind)
    new = {"A": "192.0.2.99", "AAAA": "2001:db8::99", "TXT": '"new; \\"text\\""'}[kind]
    becomes = data.draw(st.sampled_from([(), had.values[1:], (new,), (*had.values, new)]))
    ttl = data.draw(st.sampled_from([had.ttl, 77]))
    change = Change(name, kind, had.values, becomes, had.ttl, ttl)
    if len(set(had.values)) < len(had.values):
        return
    try:
        now = edited(before, [change], read)
    except ValueError as error:
        assert "line by line" in str(error)
        return
    others = [(p.name, p.kind, p.ttl, p.value) for p in before.placed]
    others = [each for each in others if each[:2] not in ((name, kind), ("it.co.za", "SOA"))]
    told = [(p.name, p.kind, p.ttl, p.value) for p in now.placed]
    assert [each for each in told if each[:2] not in ((name, kind), ("it.co.za", "SOA"))] == others
    assert now.records(name, kind).values == tuple(sorted(becomes))
    assert difference(before, now).startswith("--- it.co.za.zone\n")
    comments = [line for line in text.split("\n") if line.startswith(";")]
    assert [line for line in "".join(now.lines).split("\n") if line.startswith(";")] == comments
