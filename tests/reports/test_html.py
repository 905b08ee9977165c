"""The HTML of a report: one file that runs and loads nothing, whatever strangers have written."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mxward.maillog.logged import Tally
from mxward.model import Action, Door, Reason, Stage
from mxward.reports.honesty import Client, Helo, Sign, signs
from mxward.reports.html import headline, page
from mxward.reports.html_small_print import SIGNS
from mxward.reports.markup import visible
from mxward.reports.summary import ByDay, ByDomain, Report, Sender, Totals
from mxward.reports.what_if import Outcome, Stopped, StoppedHonest, WhatIf
from tests.reports.arrivals import WHEN

VOID = {"br", "meta", "link"}
TAGS = {*VOID, "html", "head", "title", "style", "body", "header", "main", "footer", "div"}
TAGS |= {"section", "h1", "h2", "h3", "p", "ul", "li", "span", "small", "b", "pre", "table"}
TAGS |= {"thead", "tbody", "tr", "th", "td", "details", "summary"}
TAGS |= {"svg", "g", "rect", "circle", "polygon", "line", "path", "text", "desc"}


class Reader(HTMLParser):
    """Reads a page, and holds that every element is ended where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        for name, value in attrs:
            assert value is not None
            self.attributes.append((tag, name, value))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")


def harmless(text: str) -> Reader:
    """Nothing in it runs, and nothing is loaded from anywhere."""
    found = Reader(text)
    for tag, name, value in found.attributes:
        assert not name.startswith("on"), name
        assert name not in ("src", "srcset", "style", "action", "data", "xlink:href"), name
        if name == "href":
            assert (tag, value) == ("link", "data:,")
        if name == "http-equiv":
            assert value == "Content-Security-Policy"
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    return found


HOSTILE = st.one_of(
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "'--><svg/onload=alert(1)>",
            "</style></title></pre><b>",
            "&lt;b&gt; &amp; &#x3c;",
            "]]><!--",
            "\u202egro.live\u2066",
            "a\x00b\x1b[31m\x85",
            "javascript:alert(1)",
        ]
    ),
    st.text(max_size=40),
)
COUNTS = st.integers(0, 3_000_000)
TIMES = st.datetimes().map(lambda at: at.replace(tzinfo=WHEN.tzinfo))
DOORS = st.sampled_from(list(Door)).map(str)
ACTIONS = st.sampled_from(list(Action)).map(str)
REASONS = st.sampled_from(list(Reason)).map(str)
DAYS = st.dates().map(str)

clients = st.builds(
    Client,
    client=HOSTILE,
    name=st.none() | HOSTILE,
    recipients=COUNTS,
    messages=st.integers(1, 3_000_000),
    days=st.integers(1, 3_000),
    first_at=TIMES,
    last_at=TIMES,
    sender_domains=COUNTS,
    domains=COUNTS,
    smallest=st.none() | COUNTS,
    largest=st.none() | COUNTS,
    with_tls=COUNTS,
    without_tls=COUNTS,
    authenticated=COUNTS,
    rejected=COUNTS,
    trusted=COUNTS,
    helos=st.lists(st.builds(Helo, HOSTILE, COUNTS), max_size=2).map(tuple),
    lying=st.lists(HOSTILE, max_size=1).map(tuple),
)
senders = clients.flatmap(
    lambda client: st.builds(Sender, st.just(client), st.just(signs(client)), honest=st.booleans())
)
reports = st.builds(
    Report,
    totals=st.builds(
        Totals, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, st.none() | TIMES, st.none() | TIMES
    ),
    by_day=st.lists(st.builds(ByDay, DAYS, DOORS, COUNTS, COUNTS), max_size=5).map(tuple),
    domains=st.lists(st.builds(ByDomain, HOSTILE, COUNTS, COUNTS, COUNTS), max_size=3).map(tuple),
    senders=st.lists(senders, max_size=4).map(tuple),
)
what_ifs = st.builds(
    WhatIf,
    stage=st.sampled_from(Stage),
    outcomes=st.lists(
        st.builds(
            Outcome, DOORS, ACTIONS, REASONS, COUNTS, st.none() | COUNTS, COUNTS, st.none() | COUNTS
        ),
        max_size=4,
    ).map(tuple),
    stopped=st.lists(
        st.builds(Stopped, HOSTILE, HOSTILE, ACTIONS, REASONS, COUNTS, COUNTS, TIMES, TIMES),
        max_size=2,
    ).map(tuple),
    honest=st.lists(
        st.builds(
            StoppedHonest,
            TIMES,
            HOSTILE,
            st.none() | HOSTILE,
            st.none() | HOSTILE,
            st.none() | HOSTILE,
            HOSTILE,
            st.none() | COUNTS,
            st.none() | HOSTILE,
            ACTIONS,
            REASONS,
            st.none() | st.booleans(),
            st.none() | HOSTILE,
            HOSTILE,
            COUNTS,
        ),
        max_size=2,
    ).map(tuple),
    honest_recipients=COUNTS,
    honest_messages=COUNTS,
)


@st.composite
def tallies(draw: st.DrawFn) -> dict[str, Tally]:
    found = {}
    for log in draw(st.lists(HOSTILE, max_size=2, unique=True)):
        tally = Tally()
        tally.lines = draw(COUNTS)
        for line in draw(st.lists(HOSTILE, max_size=3)):
            tally.wonder("looks like an arrival, and is none", 7, line.encode("utf-8", "replace"))
        found[log] = tally
    return found


@settings(max_examples=60, deadline=None)
@given(reports, st.none() | what_ifs, tallies(), st.lists(HOSTILE, max_size=2))
def test_whatever_strangers_have_written(
    report: Report, what_if: WhatIf | None, tallies: dict[str, Tally], remarks: list[str]
) -> None:
    harmless(page(report, what_if, tallies, made_at=WHEN, remarks=remarks))


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_what_they_wrote_is_shown_as_text(text: str) -> None:
    """All that can be seen of it, and not a letter of it as markup."""
    sender = replace(WORM, client=replace(WORM.client, helos=(Helo(text, 1),)))
    found = harmless(page(report_of(sender), None, {}, made_at=WHEN))
    assert f"calls itself {visible(text)}" in found.texts


def client(**told: Any) -> Client:
    plain = Client("4.3.90.120", None, 8, 8, 1, WHEN, WHEN, 1, 1, 9, 9, 0, 8, 0, 0, 0)
    return replace(plain, **told)


WORM = Sender(client(), (Sign(-2, "s"),), honest=False)
OFFICE = Sender(client(client="203.0.113.9", messages=4), (Sign(2, "s"),), honest=True)


def report_of(*senders: Sender, front: int = 100) -> Report:
    back = sum(sender.client.messages for sender in senders)
    by_day = (ByDay("2026-11-02", "front", front, front), ByDay("2026-11-02", "back", back, back))
    totals = Totals(front + back, front + back, front + back, 0, 0, WHEN, WHEN)
    return Report(totals, by_day, (), senders)


def test_the_report_in_a_sentence() -> None:
    told = headline(report_of(WORM, OFFICE, front=88))
    assert told == (
        "On 2 November 2026, 12 of 100 messages (12.0%) came in by the back door, past the "
        "scanner; 1 client that looks honest sent 4 of them."
    )
    assert "none of 88 messages" in headline(report_of(front=88))
    assert "does not look honest" in headline(report_of(WORM))
    assert headline(Report(Totals(0, 0, 0, 0, 0, None, None), (), (), ())).startswith("These logs")


def test_lists_that_are_too_long_say_how_much_they_leave_out() -> None:
    many = [Sender(client(client=f"198.51.100.{n}"), (), honest=False) for n in range(60)]
    texts = harmless(page(report_of(*many), None, {}, made_at=WHEN)).texts
    assert "198.51.100.49" in texts
    assert "198.51.100.50" not in texts
    assert "and 10 more (all of them: --format json)" in texts


def test_the_signs_are_explained_as_they_are_given() -> None:
    """Every weight that a client can be given stands in the small print, and no other."""
    every = client(
        authenticated=1,
        trusted=1,
        name="gw.example",
        helos=(Helo("gw.example", 1),),
        lying=("x",),
        with_tls=9,
        days=7,
        rejected=99,
        sender_domains=8,
        domains=10,
    )
    given = {
        *signs(every),
        *signs(replace(every, days=3)),
        *signs(replace(every, days=1, name="")),
    }
    assert sorted(sign.weight for sign in given) == sorted(weight for weight, _ in SIGNS)
