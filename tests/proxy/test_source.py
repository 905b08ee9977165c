"""Sockets that connect from an address of ours, or from somebody else's."""

from __future__ import annotations

import socket

import pytest

from mxward.networks import address
from mxward.proxy.source import Source
from tests.integration.servers import room

pytestmark = pytest.mark.real

FOREIGN = ("198.51.100.247", "2001:db8:f7::7")  # which no other test owns


@pytest.mark.parametrize("client", FOREIGN)
def test_a_clients_own_address(client: str) -> None:
    with Source(address(client), foreign=True, mark=28025).socket() as made:
        assert made.getsockname()[0] == client
        assert made.getsockname()[1] == 0  # chosen when it is known whither
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_MARK) == 28025
        assert not made.getblocking()


@pytest.mark.parametrize("client", FOREIGN)
def test_an_address_that_is_not_ours_is_not_taken_unless_it_is_meant_to_be_foreign(
    client: str,
) -> None:
    with pytest.raises(OSError, match="Cannot assign"):
        Source(address(client)).socket()


def test_an_address_of_one_link_alone_is_no_way_back() -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        Source(address("fe80::7"), foreign=True).socket()


@pytest.mark.parametrize("ours", ["192.0.2.7", "2001:db8:2::7"])
def test_who_is_connected_to_sees_it(ours: str) -> None:
    room.own(ours)
    family = socket.AF_INET6 if ":" in ours else socket.AF_INET
    with socket.create_server((ours, 0), family=family) as server:
        with Source(address(ours)).socket() as made:
            made.setblocking(True)
            made.connect(server.getsockname()[:2])
            connection, peer = server.accept()
            connection.close()
        assert peer[0] == ours
        assert made.fileno() == -1
