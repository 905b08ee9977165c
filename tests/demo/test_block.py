"""Addresses for one run."""

from __future__ import annotations

from ipaddress import ip_address
from random import Random

from mxward.demo.block import HOSTS, Block, candidates


def test_everybody_has_an_address_of_his_own() -> None:
    addresses = Block("127.84.19", 2525, 5300).addresses()
    assert addresses["worm"] == "127.84.19.120"
    assert len(set(addresses.values())) == len(HOSTS)


def test_who_lives_where() -> None:
    block = Block("127.84.19", 2525, 5300)
    assert block.who("127.84.19.120") == "worm"
    assert block.who("127.84.20.120") == "127.84.20.120"
    assert block.named("127.84.19.120") == "worm (127.84.19.120)"
    assert block.named("127.84.20.120") == "127.84.20.120"


def test_candidates_are_loopback_unprivileged_and_many() -> None:
    blocks = list(candidates(Random(1), tries=20))
    assert len({block.prefix for block in blocks}) > 15
    assert len({block.smtp for block in blocks}) > 10
    for block in blocks:
        assert all(ip_address(address).is_loopback for address in block.addresses().values())
        assert 1024 < block.smtp < 65_535
        assert 1024 < block.dns < 65_535
        assert block.smtp != block.dns
