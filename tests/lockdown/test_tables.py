"""What a mail server looks up: which groups share a table, and how a domain may be spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward import domains
from mxward.lockdown.sealing import Verdict
from mxward.lockdown.tables import SAID, place, spellings, tables
from mxward.smtp.about import about
from mxward.smtp.probed import About
from mxward.smtp.replies import Reply
from tests.lockdown.plans import HOSTILE, group


def test_groups_with_the_same_networks_share_a_table() -> None:
    one = group("b.example", name="via_b_1", trusted=("192.0.2.7",))
    same = group("a.example", name="via_a_2", trusted=("192.0.2.7",), verdict=Verdict.WARN)
    other = group("c.example", name="via_c_3")
    first, second = tables([one, same, other])
    assert (first.name, second.name) == ("via_a_2", "via_c_3")
    assert first.domains == {"a.example": Verdict.WARN, "b.example": Verdict.DENY}
    assert list(first.domains) == ["a.example", "b.example"]
    assert first.networks == one.networks


@given(HOSTILE)
def test_no_domain_is_written_that_is_not_in_its_normal_spelling(name: str) -> None:
    try:
        is_normal = domains.normal(name) == name
    except ValueError:
        is_normal = False
    if is_normal:
        assert tables([group(name)])[0].domains
    else:
        with pytest.raises(ValueError, match="is no domain"):
            tables([group(name)])


def test_two_groups_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two groups"):
        tables([group("a.example"), group("b.example", welcome=("192.0.2.0/24",))])


@pytest.mark.parametrize("name", ["", "Via", "via-x", "via x", "1via", "via\n", "../via"])
def test_no_group_is_written_whose_name_is_no_files(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a group"):
        tables([group(name=name)])


@given(st.text(max_size=30))
def test_a_domain_in_its_own_script_is_the_same_domain(text: str) -> None:
    try:
        domain = domains.normal(text)
    except ValueError:
        return
    for spelled in spellings(domain):
        assert domains.normal(spelled) == domain
        assert spelled.split() == [spelled]
        assert not any(mark in spelled for mark in ":\"'\\#{}$/,;")


def test_both_spellings() -> None:
    assert list(spellings("it.co.za")) == ["it.co.za"]
    both = ["xn--bcher-kva.xn--fiqs8s", "bücher.中国"]
    assert list(spellings(both[0])) == both


@pytest.mark.parametrize(
    "text", ["", "etc", "/", "/etc/", "/etc//x", "/etc/../x", "/e x", "/e\n", "/$x", "/.x", '/"']
)
def test_no_folder_is_written_that_needs_quoting(text: str) -> None:
    with pytest.raises(ValueError, match="whole path"):
        place(text)


def test_a_folder() -> None:
    assert place("/usr/local/etc/exim4.d/mxward_2-x") == "/usr/local/etc/exim4.d/mxward_2-x"


def test_the_auditor_knows_what_is_said() -> None:
    for said in SAID.values():
        code, text = int(said[:3]), said[4:]
        for told in (text, f"{text[:6]}<x@it.co.za>: Recipient address rejected: {text[6:]}"):
            assert about(Reply(code, (told.encode(),))) is About.DOMAIN
