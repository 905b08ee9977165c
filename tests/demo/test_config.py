"""The configuration and the inventory that mxward gets."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mxward.demo.block import Block
from mxward.demo.config import inventory, toml

BLOCK = Block("127.84.19", 2525, 5300)


@pytest.mark.parametrize(
    ("identity", "upstream"), [("proxy-v2", "127.84.19.92:2525"), ("none", "127.84.19.93:2525")]
)
def test_the_upstream_fits_what_it_is_told(identity: str, upstream: str) -> None:
    read = tomllib.loads(toml(BLOCK, Path("/tmp/x"), "reroute", identity))  # noqa: S108
    assert read["server"]["identity"] == identity
    assert read["server"]["upstream"] == upstream
    assert read["policy"]["stage"] == "reroute"


def test_the_inventory_is_one_domain_a_line() -> None:
    lines = [line for line in inventory().splitlines() if not line.startswith("#")]
    assert "it.co.za" in lines
    assert "bücher.example" in lines
    assert "elsewhere.example" not in lines
