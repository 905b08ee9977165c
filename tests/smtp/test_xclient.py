"""XCLIENT: a table of lines, and whoever the client says to be, it stays one value of one line."""

from __future__ import annotations

import re
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.model import ConfirmedNames, Known
from mxward.smtp.identity import Peer
from mxward.smtp.xclient import attributes, command, xtext
from tests.smtp import reference

LONGEST_LINE = 512
ALL = attributes("NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT")
NOBODY, LATER = "[UNAVAILABLE]", "[TEMPUNAVAIL]"
NAMELESS = ConfirmedNames(Known.ABSENT)
LONGEST = ip_address("2001:db8:1111:2222:3333:4444:5555:6666")


def peer(client: str = "192.0.2.1", server: str = "198.51.100.25") -> Peer:
    return Peer(ip_address(client), 61593, ip_address(server), 25, "s1")


@pytest.mark.parametrize(
    ("offered", "read"),
    [
        ("", set()),
        ("ADDR", {"ADDR"}),
        ("  name  Addr ", {"NAME", "ADDR"}),
    ],
)
def test_attributes(offered: str, read: set[str]) -> None:
    assert attributes(offered) == read


@pytest.mark.parametrize(
    ("ends", "helo", "offered", "line"),
    [
        (
            peer(),
            "client.test",
            ALL,
            "XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.1 PORT=61593 HELO=client.test PROTO=ESMTP"
            " DESTADDR=198.51.100.25 DESTPORT=25\r\n",
        ),
        (
            peer("2001:db8::1", "2001:db8::2"),
            "[IPv6:2001:db8::1]",
            ALL,
            "XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::1 PORT=61593 HELO=[IPv6:2001:db8::1]"
            " PROTO=ESMTP DESTADDR=IPV6:2001:db8::2 DESTPORT=25\r\n",
        ),
        (peer(), "x", {"ADDR"}, "XCLIENT ADDR=192.0.2.1\r\n"),
        (peer(), "x", {"ADDR", "LOGIN", "HELO"}, "XCLIENT ADDR=192.0.2.1 HELO=x\r\n"),
        # The address is told in any case, and never anybody's login.
        (peer(), "x", {"PORT"}, "XCLIENT ADDR=192.0.2.1 PORT=61593\r\n"),
        (peer(), "x", {"LOGIN"}, "XCLIENT ADDR=192.0.2.1\r\n"),
        (peer(), "", {"ADDR", "HELO"}, "XCLIENT ADDR=192.0.2.1 HELO=[UNAVAILABLE]\r\n"),
        (peer(), "my pc", {"ADDR", "HELO"}, "XCLIENT ADDR=192.0.2.1 HELO=my+20pc\r\n"),
        (peer(), "a+b=c", {"ADDR", "HELO"}, "XCLIENT ADDR=192.0.2.1 HELO=a+2Bb+3Dc\r\n"),
        (
            peer(),
            "x ADDR=192.0.2.9\r\nRSET",
            {"ADDR", "HELO"},
            "XCLIENT ADDR=192.0.2.1 HELO=x+20ADDR+3D192.0.2.9+0D+0ARSET\r\n",
        ),
        (peer(), "\u00e9.test", {"ADDR", "HELO"}, "XCLIENT ADDR=192.0.2.1 HELO=+C3+A9.test\r\n"),
        (peer(), "x" * 255, {"ADDR", "HELO"}, f"XCLIENT ADDR=192.0.2.1 HELO={'x' * 255}\r\n"),
        (peer(), "x" * 256, {"ADDR", "HELO"}, f"XCLIENT ADDR=192.0.2.1 HELO={NOBODY}\r\n"),
        # As long as it may be is what stands on the line, not what it says.
        (peer(), " " * 85, {"ADDR", "HELO"}, f"XCLIENT ADDR=192.0.2.1 HELO={'+20' * 85}\r\n"),
        (peer(), " " * 85 + "x", {"ADDR", "HELO"}, f"XCLIENT ADDR=192.0.2.1 HELO={NOBODY}\r\n"),
    ],
)
def test_line(ends: Peer, helo: str, offered: set[str], line: str) -> None:
    assert command(ends, NAMELESS, helo, "ESMTP", offered) == line.encode()


def test_where_nothing_is_taken_nothing_is_told() -> None:
    assert command(peer(), NAMELESS, "client.test", "SMTP", set()) is None


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (ConfirmedNames(), LATER),
        (ConfirmedNames(Known.FAILED), LATER),
        (ConfirmedNames(Known.ABSENT), NOBODY),
        (ConfirmedNames(Known.FOUND, ("client.test", "b.test")), "client.test"),
        (ConfirmedNames(Known.FOUND, ("x y.test", "a_b.xn--p-xfa.test")), "a_b.xn--p-xfa.test"),
        *[
            (ConfirmedNames(Known.FOUND, (odd,)), NOBODY)
            for odd in (
                "",
                "a..test",
                "a.test.",
                "-a.test",
                "a-.test",
                "a=b.test",
                "a\r\n.test",
                "a.test\n",
                "\u00e9.test",
                "a" * 64 + ".test",
                "a." * 100 + "test",
            )
        ],
    ],
)
def test_name(names: ConfirmedNames, told: str) -> None:
    line = command(peer(), names, "x", "ESMTP", {"ADDR", "NAME"})
    assert line == f"XCLIENT NAME={told} ADDR=192.0.2.1\r\n".encode()


def test_the_longest_name_leaves_room_for_all_but_the_helo() -> None:
    ends = Peer(LONGEST, 65535, LONGEST, 65535, "s1")
    name = "a." * 98 + "test"
    line = command(ends, ConfirmedNames(Known.FOUND, (name,)), "x" * 255, "ESMTP", ALL)
    assert line is not None
    assert len(line) <= LONGEST_LINE
    read = reference.xclient(line)
    assert (read["NAME"], read["HELO"], read["DESTPORT"]) == (name, NOBODY, "65535")


def test_a_line_is_as_long_as_it_may_be() -> None:
    ends = Peer(LONGEST, 65535, LONGEST, 65535, "s1")
    named = ConfirmedNames(Known.FOUND, ("a." * 98 + "test",))
    bare = command(ends, named, "x", "ESMTP", ALL)
    assert bare is not None
    room = LONGEST_LINE - len(bare) + 1
    assert room < 255
    for helo, fits in (("x" * room, True), ("x" * (room + 1), False)):
        line = command(ends, named, helo, "ESMTP", ALL)
        assert line is not None
        assert len(line) == LONGEST_LINE or not fits
        assert reference.xclient(line)["HELO"] == (helo if fits else NOBODY)


ODD = st.lists(st.sampled_from(["a", "+", "=", " ", "\r\n", "\0", "+0A", "\u00e9", "[", "\x7f"]))
HELOS = st.one_of(st.text(min_size=1), ODD.map("".join), st.text("a ", min_size=90, max_size=260))
NAMES = st.builds(
    ConfirmedNames,
    st.sampled_from(Known),
    st.lists(st.one_of(st.text(), st.from_regex(r"[a-z]{1,63}(\.[a-z]{1,63}){0,3}"))).map(tuple),
)
OFFERS = st.sets(st.sampled_from(sorted(ALL)))
ADDRESSES = st.ip_addresses()


@given(
    HELOS,
    NAMES,
    OFFERS,
    ADDRESSES,
    ADDRESSES,
    st.integers(0, 65535),
    st.sampled_from(["SMTP", "ESMTP"]),
)
def test_one_line_whatever_the_client_says(
    helo: str,
    names: ConfirmedNames,
    offered: set[str],
    client: object,
    server: object,
    port: int,
    proto: str,
) -> None:
    ends = Peer(ip_address(str(client)), port, ip_address(str(server)), 25, "s1")
    line = command(ends, names, helo, proto, offered)
    if line is None:
        assert not offered
        return
    assert len(line) <= 512
    assert re.fullmatch(rb"XCLIENT(?: [A-Z]+=[!-<>-~]+)+\r\n", line)
    read = reference.xclient(line)
    assert set(read) == {"ADDR"} | offered - {"LOGIN", "REVERSE_NAME"}
    assert ip_address(read["ADDR"].removeprefix("IPV6:")) == client
    assert read["ADDR"].startswith("IPV6:") == (ends.client.version == 6)
    assert read.get("NAME", NOBODY) in (NOBODY, LATER, *names.names)
    assert read.get("PROTO", proto) == proto
    assert read.get("PORT", str(port)) == str(port)
    if read.get("HELO", helo) != helo:
        assert read["HELO"] == NOBODY
        assert not 0 < len(xtext(helo)) <= 255 or len(line) + len(xtext(helo)) - len(NOBODY) > 512


@given(st.text())
def test_xtext_is_read_back(text: str) -> None:
    written = xtext(text)
    assert re.fullmatch(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*", written)
    assert reference.xclient(f"XCLIENT HELO={written}\r\n".encode()) == {"HELO": text}
