"""The ledger: what was written is read again, and nothing else is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.lockdown.groups import Group
from mxward.lockdown.ledger import read, text
from mxward.lockdown.sealing import Verdict
from tests.lockdown.plans import group
from tests.lockdown.written_plans import groups

FILES = st.lists(st.sampled_from(["rcpt.acl", "networks/via_x", "README.md"]), unique=True)


@given(groups, FILES)
def test_what_was_written_is_read_again(found: tuple[Group, ...], files: list[str]) -> None:
    ledger = read(text(found, files))
    assert ledger.groups == found
    assert list(ledger.files) == sorted(files)
    assert all(
        ledger.of_domain[domain] is each for each in ledger.groups for domain in each.domains
    )
    assert text(ledger.groups, ledger.files) == text(found, files)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_what_is_no_ledger(told: str) -> None:
    with pytest.raises(ValueError) as error:
        read(told)
    assert str(error.value)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": 2}, "version 2"),
        ({"version": None}, "version None"),
        ({"files": ["/etc/passwd"]}, "is no file of these"),
        ({"files": ["networks/../../x"]}, "is no file of these"),
        ({"files": ["networks/\0"]}, "is no file of these"),
        ({"files": ["."]}, "is no file of these"),
        ({"files": [""]}, "is no file of these"),
        ({"files": [1]}, "no ledger"),
        ({"groups": []}, "no ledger"),
        ({"groups": {"x": {}}}, "is no group"),
        ({"groups": {"via_../x": {}}}, "is no group"),
        ({"groups": {"via_x": {}}}, "no ledger"),
    ],
)
def test_what_is_half_a_ledger(change: dict[str, object], why: str) -> None:
    told = json.loads(text([group()], ["rcpt.acl"])) | change
    with pytest.raises(ValueError, match=why):
        read(json.dumps(told))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("domains", {"accept": ["it.co.za"]}),
        ("domains", {"deny": ["It.co.za"]}),
        ("domains", {"deny": ["it.co.za\n## Apply"]}),
        ("domains", {"deny": [1]}),
        ("welcome", ["2001:db8::%x\n0.0.0.0/0"]),
        ("welcome", [1]),
        ("welcome", ["198.51.100.1/24"]),
        ("trusted", ["anybody"]),
        ("welcome", None),
    ],
)
def test_a_group_that_is_none(key: str, value: object) -> None:
    told = json.loads(text([group()], []))
    told["groups"]["via_clean_0a1b2c3d"][key] = value
    with pytest.raises(ValueError) as error:
        read(json.dumps(told))
    assert str(error.value)


def test_nothing_yet() -> None:
    ledger = read(text([], []))
    assert (ledger.groups, ledger.files, ledger.of_domain) == ((), (), {})
    assert Verdict.DENY in read(text([group()], [])).of_domain["it.co.za"].domains.values()
