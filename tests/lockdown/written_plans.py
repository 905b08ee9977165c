"""Plans whose domains may be written, mostly, and what a client meets by the files of a way."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import strategies as st

from mxward import domains
from mxward.lockdown.groups import Group, grouped
from mxward.lockdown.sealing import Sealed, Verdict
from mxward.networks import Network, Networks
from tests.lockdown.plans import HOSTILE

__all__ = ["groups"]

_NETWORKS: st.SearchStrategy[Network] = st.builds(
    lambda number, length: ip_network((number >> (32 - length) << (32 - length), length)),
    st.integers(0, 2**32 - 1),
    st.integers(1, 32),
) | st.builds(
    lambda number, length: ip_network((number >> (128 - length) << (128 - length), length)),
    st.integers(2**100, 2**128 - 1),
    st.integers(1, 128),
)


def _normal(text: str) -> str:
    try:
        return domains.normal(f"{text}.example")
    except ValueError:
        return "it.co.za"


_DOMAINS = st.text(max_size=12).map(_normal) | st.from_regex(
    r"[a-z0-9_]{1,8}(-[a-z0-9]{1,5})?\.(example|co\.za)", fullmatch=True
).map(_normal)
_SEALED = st.builds(
    Sealed,
    domain=_DOMAINS,
    verdict=st.sampled_from(Verdict),
    scanners=st.lists(HOSTILE, min_size=1, max_size=2).map(tuple),
    exchanges=st.lists(HOSTILE, max_size=2).map(tuple),
    welcome=st.lists(_NETWORKS, min_size=1, max_size=4).map(Networks),
    trusted=st.lists(_NETWORKS, max_size=2).map(Networks),
)
groups: st.SearchStrategy[tuple[Group, ...]] = st.lists(
    _SEALED, max_size=6, unique_by=lambda each: each.domain
).map(grouped)
"""Domains are what `domains.normal` makes of anything; all else is hostile."""
