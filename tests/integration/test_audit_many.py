"""Thousands of domains are audited by one command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.audit_net import EXIM, GUARDED, POSTFIX, doors, inventory, net

pytestmark = pytest.mark.real


def test_many_domains_by_one_command(tmp_path: Path, count: Callable[[int, int], int]) -> None:
    """With no other input than the configuration."""
    many = count(500, 5_000)
    with net(tmp_path, many) as stands:
        told = stands.audit("--probe")
    assert len(told["domains"]) == len(inventory(many))
    found = doors(told)
    here = {host: list(found[host].values()).count("OPEN") for host in (POSTFIX, EXIM)}
    assert here == {POSTFIX: many // 2 + 2, EXIM: many // 2 + 1}
    assert set(found[GUARDED].values()) == {"CLOSED"}
    assert len(found[GUARDED]) == many + 5  # the configuration names it
    assert stands.begun() == []
