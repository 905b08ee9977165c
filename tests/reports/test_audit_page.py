"""The page of an audit: whole, self-contained, and no stranger's word is markup in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from mxward.reports.audit_page import headline, page
from tests.audit.world import Case

GIVEN = """\
it.co.za MX 10 mx.scanner.example
two.example MX 10 mx.scanner.example
mx.scanner.example A 198.51.100.1
mail.it.co.za A 192.0.2.25
www.two.example A 203.0.113.80
"""
OPEN = "@probe 192.0.2.25:25 it.co.za accepted catch_all=yes\n"


class Page(HTMLParser):
    """What a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
        self.loads += [v for k, v in attrs if k in ("src", "href", "action", "data") and v]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


def test_it_is_whole_and_loads_nothing() -> None:
    text = page(Case.read(GIVEN + OPEN).report(remarks=["a remark"]))
    seen = Page(text)
    assert seen.open == []
    assert "script" not in seen.tags
    assert seen.loads == ["data:,"]
    assert 'http-equiv="Content-Security-Policy" content="default-src &#x27;none&#x27;' in text
    for said in (
        "Of 2 domains behind a scanner, 1 can be reached past it: 1 server took the mail.",
        "192.0.2.25:25",
        "takes mail for any recipient of it",
        "!hosts         = <; 198.51.100.0/30 ; 198.51.100.16/28 ; 2001:db8:5::/64",
        "mxward audit --probe --server 192.0.2.25:25 it.co.za",
        "RCPT TO:<postmaster@it.co.za>",
        "Servers were probed from 203.0.113.250.",
        "a remark",
    ):
        assert said in seen.said, said


@pytest.mark.parametrize(
    ("given", "more", "said"),
    [
        (GIVEN, {}, "none was asked open; for 2 it could not be ruled out"),
        (GIVEN + OPEN, {"partial": True}, "as far as it came before it was interrupted, 1 can"),
        ("", {}, "Of 0 domains behind a scanner, none can be reached past it"),
    ],
)
def test_the_sentence(given: str, more: dict[str, object], said: str) -> None:
    assert said in headline(Case.read(given).report(**more))


def test_a_strangers_words_are_no_markup() -> None:
    evil = "<script>alert(1)</script>\u202e\x1b[31m"
    case = Case.read(GIVEN)
    case.direct("probe", "192.0.2.25:25", "it.co.za", "accepted", "catch_all=yes")
    (probe,) = case.probes
    object.__setattr__(probe, "transcript", (evil, evil))
    case.listed.append((evil, f"list{evil}"))
    text = page(case.report(remarks=[evil]))
    seen = Page(text)
    assert "script" not in seen.tags
    assert "<script>alert(1)</script>" in seen.said  # as text
    assert not re.search("[\u202e\x1b]", text)
