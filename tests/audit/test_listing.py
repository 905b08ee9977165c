"""Lists that people give: each domain once, and what cannot be audited by its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.audit.listing import listing


def test_a_list() -> None:
    text = """\
it.co.za
  IT.co.za.   # the same
Bücher.example: anna
# nothing

xn--bcher-kva.example
mail.it.co.za extra words
"""
    found = listing((line, f"list:{n}") for n, line in enumerate(text.split("\n"), 1))
    assert list(found.domains) == ["it.co.za", "xn--bcher-kva.example", "mail.it.co.za"]
    assert (found.twice, found.refused, found.left_out) == (2, [], 0)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("anna@it.co.za", "is a mailbox; write it.co.za"),
        ("*.it.co.za", "names below a domain cannot be listed from outside; give each"),
        (".it.co.za", "names below a domain cannot be listed from outside; give each"),
        ("192.0.2.25", "is no domain name"),
        ("it..co.za", "is no domain name"),
        ("-", "is no domain name"),
        ("a" * 64 + ".example", "is no domain name"),
        ("\x00", "is no domain name"),
        ("com", "is a single label: names below it are other people's"),
        ("co.za", "is a public suffix: names below it are other people's"),
        ("ac.uk", "is a public suffix: names below it are other people's"),
        ("mail.localhost", "is below localhost, which nobody can register"),
        ("2.0.192.in-addr.arpa", "is below arpa, which nobody can register"),
        ("a.onion", "is below onion, which nobody can register"),
        ("xn--a.example", "is no domain name"),
    ],
)
def test_what_is_left_out_is_named(entry: str, why: str) -> None:
    found = listing([(entry, "list:3")])
    assert not found.domains
    assert found.refused == [("list:3", entry[:80], why)]


def test_a_list_of_nonsense_is_bounded() -> None:
    found = listing((f"!{n}", "list") for n in range(5_000))
    assert (len(found.refused), found.left_out) == (1_000, 4_000)


@given(st.lists(st.text(max_size=80)))
def test_nothing_a_person_writes_ends_it(entries: list[str]) -> None:
    found = listing((entry, "list") for entry in entries)
    kept = len(found.domains) + found.twice + len(found.refused) + found.left_out
    assert kept <= len(entries)
