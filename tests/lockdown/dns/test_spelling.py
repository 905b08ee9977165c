"""No input can add a command, a record or a line: what cannot be written so is refused."""

from __future__ import annotations

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import pytest
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given
from hypothesis import strategies as st

from mxward.lockdown.dns.nsupdate import script
from mxward.lockdown.dns.records import Change
from mxward.lockdown.dns.spelling import KINDS, owner, quoted, spelled, unquoted

NASTY = st.text(st.sampled_from(list("\"\\;$@()\n\r\t\0 .*#'`")) | st.characters(), max_size=40)
ASCII = st.text(st.characters(max_codepoint=127), max_size=600)
COMMANDS = (
    "server ",
    "zone ",
    "prereq yxrrset ",
    "prereq nxrrset ",
    "prereq nxdomain ",
    "update delete ",
    "update add ",
)


@given(ASCII)
def test_text_is_read_back_as_it_was(text: str) -> None:
    value = quoted(text)
    assert spelled("TXT", value) == value
    assert unquoted(value) == text
    rdata = dns.rdata.from_text("IN", "TXT", value)
    assert isinstance(rdata, TXT)
    assert b"".join(rdata.strings).decode() == text
    assert max(map(len, rdata.strings)) <= 255
    assert rdata.to_text() == value, "as a zone's file has it"


def test_what_is_not_ascii_is_refused() -> None:
    with pytest.raises(ValueError, match="not ASCII"):
        quoted("bücher")


@given(st.sampled_from(KINDS), NASTY | ASCII)
def test_a_value_is_one_record_or_refused(kind: str, text: str) -> None:
    try:
        value = spelled(kind, text)
    except ValueError:
        return
    assert value.isprintable() and value.isascii()
    tokens = dns.tokenizer.Tokenizer(f"{value}\nrest")
    dns.rdata.from_text(
        dns.rdataclass.IN, dns.rdatatype.from_text(kind), tokens, dns.name.root, False
    )
    assert tokens.get().value == "rest", "nothing of it was a comment or ended the line"


@given(NASTY | st.from_regex(r"(\*\.)?[a-z0-9_-]{0,5}\.(xn--)?[a-z]{2,5}"))
def test_a_name_is_one_word_or_refused(text: str) -> None:
    try:
        name = owner(text)
    except ValueError:
        return
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.*")
    assert dns.name.from_text(name).to_text() == name == f"{text}."


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "Mail.example", "mail.example.", "a b.example", "a;b.example", "$ORIGIN", "@"),
        *("*", "a.*.example", "**.example", "bücher.example", "192.0.2.1", "a\nb.example"),
        "a\\.example",
    ],
)
def test_no_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|too long"):
        owner(text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("A", "192.0.2.1 ; x"),
        ("A", "2001:db8::1"),
        ("A", "192.0.2.01"),
        ("AAAA", "192.0.2.1"),
        ("AAAA", "::ffff:192.0.2.1"),
        ("AAAA", "fe80::1%eth0"),
        ("CNAME", "mail.example.\nsend"),
        ("TXT", "no quotes"),
        ("TXT", '"one" ; "two"'),
        ("TXT", '"a"b"'),
        ("TXT", '"a\n"'),
        ("TXT", '"\\"'),
        ("TLSA", "3 1 1 zz"),
        ("TLSA", "3 1 1 aa\nsend"),
        ("MX", "10 mail.example"),
    ],
)
def test_no_value(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        spelled(kind, text)


names = NASTY | st.sampled_from(["mail.it.co.za", "*.it.co.za", "it.co.za"])
values = NASTY | st.sampled_from(["192.0.2.1", '"v=spf1 -all"', "mail.it.co.za"])
changes = st.builds(
    Change,
    names,
    st.sampled_from(KINDS),
    st.lists(values, max_size=2).map(tuple),
    st.lists(values, max_size=2).map(tuple),
    st.integers(-1, 2**31),
    st.integers(-1, 2**31),
)


@given(st.lists(changes, min_size=1, max_size=3))
def test_a_script_has_the_commands_that_it_was_meant_to_have(some: list[Change]) -> None:
    try:
        text = script("it.co.za", some, "192.0.2.53 53")
    except ValueError:
        return
    lines = text.splitlines()
    assert text.isascii() and "\t" not in text
    assert lines[0] == "server 192.0.2.53 53" and lines[1] == "zone it.co.za."
    assert lines[-1] == "send" and text.endswith("send\n")
    assert all(line.startswith(COMMANDS) for line in lines[:-1])
    assert all(" it.co.za." in line or ".it.co.za." in line for line in lines[1:-1])
    most = sum(2 * len(c.was) + len(c.becomes) + 3 for c in some)
    assert len(lines) <= most + 3


def test_a_script() -> None:
    changes = [
        Change("mail.it.co.za", "A", ("192.0.2.25",), (), 3600, 3600),
        Change("smtp.it.co.za", "CNAME", ("mail.it.co.za",), (), 3600, 3600),
        Change("smtp.it.co.za", "A", (), ("192.0.2.99",), 3600, 300),
        Change("it.co.za", "TXT", ('"a;b"', '"old"'), ('"a;b"', '"new"'), 3600, 300),
    ]
    assert (
        script("it.co.za", changes)
        == """\
zone it.co.za.
prereq yxrrset mail.it.co.za. IN A 192.0.2.25
prereq yxrrset smtp.it.co.za. IN CNAME mail.it.co.za.
prereq nxrrset smtp.it.co.za. IN A
prereq yxrrset it.co.za. IN TXT "a;b"
prereq yxrrset it.co.za. IN TXT "old"
update delete mail.it.co.za. IN A 192.0.2.25
update delete smtp.it.co.za. IN CNAME mail.it.co.za.
update delete it.co.za. IN TXT
update add smtp.it.co.za. 300 IN A 192.0.2.99
update add it.co.za. 300 IN TXT "a;b"
update add it.co.za. 300 IN TXT "new"
send
"""
    )


def test_what_fits_into_no_message_goes_in_several() -> None:
    changes = [
        Change(f"n{n}.it.co.za", kind, (value,), (), 60, 60)
        for n in range(1_000)
        for kind, value in (("A", "192.0.2.25"), ("AAAA", "2001:db8::25"))
    ]
    messages = script("it.co.za", changes).split("send\n")
    assert messages.pop() == ""
    assert 5 < len(messages) < 20
    for message in messages:
        assert message.startswith("zone it.co.za.\nprereq ") and len(message) < 25_000
        lines = [line.split() for line in message.splitlines()[1:]]
        assert len(lines) % 4 == 0, "what changes at one name is not parted"
        asked = {tuple(line[2:]) for line in lines if line[0] == "prereq"}
        assert asked == {tuple(line[2:]) for line in lines if line[0] == "update"}


def test_a_name_of_another_zone_is_refused() -> None:
    change = Change("mail.other.example", "A", ("192.0.2.25",), (), 60, 60)
    with pytest.raises(ValueError, match="is not in the zone"):
        script("it.co.za", [change])
