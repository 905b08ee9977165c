"""Plans for the tests of the ways, as plain data and for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from mxward.lockdown.groups import Group, grouped
from mxward.lockdown.plan import Kept, Plan
from mxward.lockdown.sealing import LeftOut, Sealed, Verdict
from mxward.networks import Network, Networks, collapsed, network

__all__ = ["HOSTILE", "group", "planned", "plans"]

HOSTILE = st.text(max_size=20) | st.text(
    "a\"'*\\/:@${}#;,. \n\r\x00\x7f-_!`~()|&<>\u2018\u2019\u201a\u201b\u201c\u201d", max_size=20
)
"""Anything at all, and what looks most like somebody's syntax."""


def group(
    *domains: str,
    name: str = "via_clean_0a1b2c3d",
    welcome: tuple[str, ...] = ("198.51.100.1", "203.0.113.0/28", "2001:db8:2::/64"),
    trusted: tuple[str, ...] = (),
    scanners: tuple[str, ...] = ("clean",),
    verdict: Verdict = Verdict.DENY,
    **others: Verdict,
) -> Group:
    """A group of domains, all of one verdict."""
    return Group(
        name,
        scanners,
        tuple(f"mx.{scanner}.example" for scanner in scanners),
        collapsed(map(network, welcome)),
        collapsed(map(network, trusted)),
        dict.fromkeys(domains or ("it.co.za",), verdict),
    )


def planned(
    *groups: Group, left_out: tuple[LeftOut, ...] = (), kept: tuple[Kept, ...] = ()
) -> Plan:
    return Plan(groups, left_out, kept)


def plans(
    networks: st.SearchStrategy[Network], domains: st.SearchStrategy[str] = HOSTILE
) -> st.SearchStrategy[Plan]:
    """With at least one client who is let in; all names are hostile, but for what is said."""
    some = st.lists(networks, min_size=1, max_size=6).map(Networks)
    sealed = st.builds(
        Sealed,
        domain=domains,
        verdict=st.sampled_from(Verdict),
        scanners=st.lists(HOSTILE, min_size=1, max_size=2).map(tuple),
        exchanges=st.lists(HOSTILE, max_size=2).map(tuple),
        welcome=some,
        trusted=st.lists(networks, max_size=3).map(Networks),
    )
    left_out = st.builds(LeftOut, domain=HOSTILE, why=HOSTILE)
    kept = st.builds(Kept, domain=HOSTILE, why=HOSTILE, had=st.booleans())
    return st.builds(
        Plan,
        st.lists(sealed, min_size=1, max_size=5, unique_by=lambda each: each.domain).map(grouped),
        st.lists(left_out, max_size=2).map(tuple),
        st.lists(kept, max_size=2).map(tuple),
    )
