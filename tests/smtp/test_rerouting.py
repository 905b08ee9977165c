"""Marks, the memory of what was rerouted, and rate caps."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from mxward.smtp.identity import Peer
from mxward.smtp.rerouting import MOST_MARKS, LoopMemory, Mark, RateCap, received

MARK = Mark(b"k" * 32)
PEER = Peer(ip_address("192.0.2.1"), 56324, ip_address("198.51.100.2"), 25, "s1")
NOW = 1_290_000_000.0


def line(
    helo: str = "client.test", peer: Peer = PEER, recipients: Sequence[str] = ("b@it.test",)
) -> bytes:
    return received(MARK, peer, helo, "mx.test", "s1-1", recipients, NOW)


# -- the mark ---------------------------------------------------------------------------------


def test_a_mark_is_found_again() -> None:
    assert MARK.found_in(b"Subject: x\r\n" + line() + b"To: y\r\n", ["b@it.test"])


@pytest.mark.parametrize(
    "changed",
    [
        line().replace(b"\r\n\t", b" "),  # unfolded
        line().replace(b" mark=", b"\r\n\tmark="),  # folded elsewhere
        line().replace(b"(mxward id", b"(mxward\r\n \t id"),
        line().replace(b"Received:", b"X-Received:"),
    ],
)
def test_a_mark_is_found_however_the_line_is_folded(changed: bytes) -> None:
    assert MARK.found_in(changed, ["b@it.test"])


@pytest.mark.parametrize(
    "changed",
    [
        line().replace(b"id=s1-1", b"id=s1-2"),
        line().replace(b"mark=", b"mark=0"),
        line().replace(b"(mxward", b"(amavis"),
        received(Mark(b"x" * 32), PEER, "a", "mx.test", "s1-1", ["b@it.test"], NOW),
        b"(mxward id= mark=)",
        b"(mxward id=s1-1 mark=" + b"0" * 32 + b")",
        b"(mxward id=" + b"x" * 65 + b" mark=" + b"0" * 32 + b")",
        b"(mxward id=\xff mark=" + b"0" * 32 + b")",
    ],
)
def test_a_mark_cannot_be_forged(changed: bytes) -> None:
    assert not MARK.found_in(changed, ["b@it.test"])


def test_a_mark_holds_for_its_recipients_only() -> None:
    """The same mail, forwarded on to somebody else, is no loop."""
    two = line(recipients=["b@it.test", "c@it.test"])
    assert not MARK.found_in(two, ["d@it.test"])
    assert not MARK.found_in(two, [])
    assert MARK.found_in(two, ["d@it.test", "C@it.TEST"])


def test_where_there_are_many_recipients_one_mark_stands_for_everybody() -> None:
    many = [f"{n}@it.test" for n in range(MOST_MARKS + 1)]
    assert MARK.found_in(line(recipients=many), ["d@it.test"])
    assert not MARK.found_in(line(recipients=many[1:]), ["d@it.test"])
    assert len(max(line(recipients=many[1:]).split(b"\r\n"), key=len)) < 80


def test_no_header_costs_much_to_look_at() -> None:
    """Of a header full of forged marks the topmost count; a mark of ours below them does not."""
    forged = line().replace(b"id=s1-1", b"id=s1-2")
    assert MARK.found_in(forged * 9 + line(), ["b@it.test"])
    assert not MARK.found_in(forged * 10 + line(), ["b@it.test"])


def test_a_genuine_mark_counts_among_forged_ones() -> None:
    forged = line().replace(b"id=s1-1", b"id=s1-2")
    assert MARK.found_in(forged + line() + forged, ["b@it.test"])


def test_the_key_stays_out_of_sight() -> None:
    assert "k" * 8 not in repr(MARK)


# -- the Received line ------------------------------------------------------------------------


def test_the_line_of_rfc_5321() -> None:
    assert line().decode().split("\r\n") == [
        "Received: from client.test ([192.0.2.1])",
        "\tby mx.test with ESMTP id s1-1",
        f"\t(mxward id=s1-1 mark={MARK.make('s1-1', ['b@it.test'])[0]});",
        "\tWed, 17 Nov 2010 13:20:00 +0000",
        "",
    ]


def test_an_ipv6_client_is_named_as_a_literal() -> None:
    peer = Peer(ip_address("2001:db8::1"), 1, PEER.server, 25, "s1")
    assert b"from client.test ([IPv6:2001:db8::1])\r\n" in line(peer=peer)


@pytest.mark.parametrize(
    ("helo", "written"),
    [
        ("my pc", "my?pc"),
        ("a) (mxward id=x mark=y)", "a???mxward?id?x?mark?y?"),
        ("a\r\nSubject: x", "a??Subject:?x"),
        ("\u00fc.test", "?.test"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("x" * 255, "x" * 100),
    ],
)
def test_what_the_client_says_cannot_add_to_the_header(helo: str, written: str) -> None:
    assert line(helo).startswith(f"Received: from {written} ([192.0.2.1])\r\n\tby ".encode())


# -- the memory -------------------------------------------------------------------------------

CLIENT, SCANNER = ip_address("192.0.2.1"), ip_address("198.51.100.77")


def test_it_is_a_loop_when_it_comes_from_somebody_else() -> None:
    memory = LoopMemory()
    memory.remember(b"<1@a.test>", "a@client.test", "b@it.test", CLIENT, NOW)
    assert memory.looped(b"<1@a.test>", "a@client.test", "b@it.test", SCANNER, NOW)
    assert memory.looped(b"<1@a.test>", "a@client.test", "B@It.Test", SCANNER, NOW)
    assert not memory.looped(b"<1@a.test>", "a@client.test", "b@it.test", CLIENT, NOW)
    assert not memory.looped(b"<2@a.test>", "a@client.test", "b@it.test", SCANNER, NOW)
    assert not memory.looped(b"<1@a.test>", "a@client.test", "c@it.test", SCANNER, NOW)


def test_a_mailing_lists_copy_is_no_loop() -> None:
    memory = LoopMemory()
    memory.remember(b"<1@a.test>", "a@client.test", "b@it.test", CLIENT, NOW)
    assert not memory.looped(b"<1@a.test>", "list-bounces@list.test", "b@it.test", SCANNER, NOW)


def test_it_stays_a_loop_each_time_it_comes_back() -> None:
    memory = LoopMemory()
    memory.remember(b"<1@a.test>", "a@client.test", "b@it.test", CLIENT, NOW)
    assert [
        memory.looped(b"<1@a.test>", "a@client.test", "b@it.test", SCANNER, NOW + n)
        for n in range(3)
    ] == [
        True,
        True,
        True,
    ]


def test_the_first_client_is_the_one_that_counts() -> None:
    memory = LoopMemory()
    memory.remember(b"<1@a.test>", "a@client.test", "b@it.test", CLIENT, NOW)
    memory.remember(b"<1@a.test>", "a@client.test", "b@it.test", SCANNER, NOW)
    assert memory.looped(b"<1@a.test>", "a@client.test", "b@it.test", SCANNER, NOW)


def test_a_day_later_it_is_forgotten() -> None:
    memory = LoopMemory()
    memory.remember(b"<1@a.test>", "a@client.test", "b@it.test", CLIENT, NOW)
    assert memory.looped(b"<1@a.test>", "a@client.test", "b@it.test", SCANNER, NOW + memory.MAX_AGE)
    assert not memory.looped(
        b"<1@a.test>", "a@client.test", "b@it.test", SCANNER, NOW + memory.MAX_AGE + 1
    )
    assert not memory.looped(b"<1@a.test>", "a@client.test", "b@it.test", SCANNER, NOW)


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    memory = LoopMemory(size=3)
    for n in range(5):
        memory.remember(b"<%d@a.test>" % n, "a@client.test", "b@it.test", CLIENT, NOW)
    known = [
        memory.looped(b"<%d@a.test>" % n, "a@client.test", "b@it.test", SCANNER, NOW)
        for n in range(5)
    ]
    assert known == [False, False, True, True, True]


def test_mail_without_a_message_id_is_not_remembered() -> None:
    memory = LoopMemory()
    memory.remember(b"", "a@client.test", "b@it.test", CLIENT, NOW)
    assert not memory.looped(b"", "a@client.test", "b@it.test", SCANNER, NOW)


# -- the rate cap -----------------------------------------------------------------------------


def test_so_many_at_once_and_then_as_they_are_earned() -> None:
    cap = RateCap(60)
    assert [cap.admit(NOW) for _ in range(61)] == [True] * 60 + [False]
    assert [cap.admit(NOW + 1), cap.admit(NOW + 1)] == [True, False]
    assert [cap.admit(NOW + 3.5), cap.admit(NOW + 3.5), cap.admit(NOW + 3.5)] == [True, True, False]


def test_a_long_rest_earns_no_more_than_a_minute() -> None:
    cap = RateCap(2)
    cap.admit(NOW)
    assert [cap.admit(NOW + 86_400) for _ in range(3)] == [True, True, False]


def test_a_clock_that_is_set_back_earns_nothing() -> None:
    cap = RateCap(1)
    assert [cap.admit(NOW), cap.admit(NOW - 3600), cap.admit(NOW - 3590)] == [True, False, False]


def test_zero_is_never() -> None:
    assert not RateCap(0).admit(NOW)
