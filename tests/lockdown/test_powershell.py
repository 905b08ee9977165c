"""No input can end a string in PowerShell, however the file is read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.lockdown.powershell import quoted, quoted_list
from tests.lockdown.plans import HOSTILE

QUOTES = "'\u2018\u2019\u201a\u201b"
"""All that begins and ends a string in single quotes (IsSingleQuote in PowerShell's tokenizer)."""
LIKELY = st.text("'\u2018\u2019\u201a\u201b\u0451\u2019a b$`\"\n\r;#", max_size=12)


def read(text: str) -> tuple[str, str]:
    """The string in single quotes that a script begins with, as PowerShell reads it, and what
    comes behind it: two quotes, of whatever kind, are one, and it is the first.
    """
    assert text[0] in QUOTES
    value, at = "", 1
    while at < len(text):
        if text[at] in QUOTES:
            if text[at + 1 : at + 2] and text[at + 1] in QUOTES:
                value, at = value + text[at], at + 2
                continue
            return value, text[at + 1 :]
        value, at = value + text[at], at + 1
    raise AssertionError(f"{text!r} does not end")


def test_the_reader_knows_all_quotes() -> None:
    assert read("'it''s' rest") == ("it's", " rest")
    assert read("'a\u2018\u2019b\u201brest") == ("a\u2018b", "rest")
    with pytest.raises(AssertionError, match="does not end"):
        read("'a''")


@given(HOSTILE | LIKELY | st.text("'\"`$;a ", max_size=12), st.sampled_from(["utf-8", "cp1252"]))
def test_a_string_is_what_was_given_or_it_is_not_written(text: str, encoding: str) -> None:
    try:
        written = quoted(text)
    except ValueError:
        assert not text.isascii() or re.search("[\x00-\x1f\x7f]", text)
        return
    as_read = f"{written} -Enabled $true\n".encode().decode(encoding)
    assert read(as_read) == (text, " -Enabled $true\n")


@pytest.mark.parametrize("text", [*QUOTES[1:], "\u0451", "a\nb", "a\x00", "a\u2028b", "\ud800"])
def test_what_is_not_written(text: str) -> None:
    with pytest.raises(ValueError, match="not plain ASCII"):
        quoted(text)


def test_a_letter_whose_octets_are_a_quote() -> None:
    """Why: U+0451 in UTF-8, read in the code page of a Windows machine."""
    assert "\u2018" in "\u0451".encode().decode("cp1252")


@given(st.lists(st.text("'\"`$;@(), a", max_size=8), max_size=5))
def test_a_list_has_what_it_was_given(texts: list[str]) -> None:
    rest = quoted_list(texts, "  ").removeprefix("@(").lstrip()
    found = []
    while rest != ")":
        text, rest = read(rest)
        found.append(text)
        rest = rest.lstrip()
    assert found == texts
