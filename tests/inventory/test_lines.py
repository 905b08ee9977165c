"""Lines of lists, as mail servers and control panels write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.domains import Domains, is_normal, normal
from mxward.inventory.lines import Lines


def read(text: str) -> Lines:
    lines = Lines()
    lines.add(text, "list")
    return lines


@pytest.mark.parametrize(
    ("line", "domains"),
    [
        ("example.com", ["example.com"]),
        ("  Example.COM. \t\r", ["example.com"]),
        ("example.com # the first", ["example.com"]),
        ("# example.com", []),
        ("", []),
        ("   \t", []),
        ("*.example.com", ["*.example.com"]),
        (".example.com", ["*.example.com"]),
        ("example.com: anna", ["example.com"]),
        ("example.com:anna", ["example.com"]),
        ("example.com\tanything", ["example.com"]),
        ("*: nobody", []),
        ("*", []),
        ("mail.provider.example", ["mail.provider.example"]),
        ("localhost", ["localhost"]),
        ("Bücher.example", ["xn--bcher-kva.example"]),
        ("XN--bcher-kva.example", ["xn--bcher-kva.example"]),
        ("*.Bücher.example", ["*.xn--bcher-kva.example"]),
        ("under_score.example", ["under_score.example"]),
        (f"{'a.' * 40}example", [f"{'a.' * 40}example"]),
    ],
)
def test_what_is_a_domain(line: str, domains: list[str]) -> None:
    lines = read(f"{line}\n")
    assert lines.domains() == Domains(domains)
    assert lines.unusable == 0


@pytest.mark.parametrize(
    "line",
    [
        "anna@example.com",
        "@example.com",
        "**.example.com",
        "*example.com",
        "ex*mple.com",
        "a.example,b.example",
        '"example.com"',
        "lsearch;/etc/domains",
        "::1",
        "-example.com",
        "example..com",
        f"{'a' * 64}.example",
        "xn--\u0430.example",
        "xn--zzzzzzzz.example",
        "192.0.2.1",
        f"{'a' * 5_000}",
        f"{'ü' * 1_000_000}",
        "bro\ufffdken.example",
    ],
)
def test_what_is_none(line: str) -> None:
    lines = read(f"{line}\nexample.com")
    assert lines.domains() == Domains(["example.com"])
    assert lines.unusable == 1
    assert lines.samples == [f"list:1: {line[:60]!r} is no domain"]


def test_only_the_first_unusable_lines_are_shown() -> None:
    lines = read("good.example\n" + "none@\n" * 1_000)
    assert lines.unusable == 1_000
    assert [sample.partition(": ")[0] for sample in lines.samples] == [
        f"list:{number}" for number in range(2, 7)
    ]


@given(st.text(alphabet="aZ09-_.*:#@ \t\rü\ufffdx-n\n"))
def test_no_text_is_too_strange(text: str) -> None:
    lines = read(text)
    for name in lines.domains():
        assert normal(name.removeprefix("*.")) == name.removeprefix("*.")


@given(st.text(alphabet="aZ0-_.xn\n", max_size=70))
def test_what_is_surely_normal_is_normal(text: str) -> None:
    if is_normal(text):
        assert normal(text) == text


def test_a_million_lines_take_seconds() -> None:
    text = "".join(f"domain-{number}.example.net\n" for number in range(1_000_000))
    started = time.process_time()
    lines = read(text)
    taken = time.process_time() - started
    assert len(lines.domains()) == 1_000_000
    assert taken < 5, f"{taken:.1f} s; it was 1 s on two slow shared cores"
