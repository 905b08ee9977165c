"""Who may have a session: so many in all, so many of one client network, and a part kept free.

The reserved part is for front-door clients only: however many come by the back door, the scanners
still get in. Front-door clients are exempt from the limit of one network: they bring everybody's
mail. Each client is judged once, when it comes; what is learned later holds for those who come
later.

A connection from a load balancer is `expected` first, and judged once its PROXY header has told who
the client is. Until then it counts in all, but neither as back door nor for any network: the
balancer has one address for everybody.

The room is that of all workers together: each counts its own sessions where the others see them
(`census`). What one process can hold is less, and holds for its own sessions alone.

An answer takes the same time however many sessions, networks and scanners there are. What is kept
is one entry for each session that is admitted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, KeysView
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import Protocol

from mxward.networks import Address
from mxward.proxy.census import ALL, BACK_DOOR, Census, Seat
from mxward.smtp.vocabulary import Log

__all__ = ["Admission", "Full", "Room", "Session"]

TOLD_EVERY = 60.0
"""Seconds between two lines that tell of the same kind of fullness."""


class Session(Protocol):
    """A client's session, as those see it who end the proxy."""

    def shut(self) -> None:
        """End, unless a message is under way."""
        ...


class Full(StrEnum):
    """What there was no room in."""

    ALL = "all connections are in use"
    BACK_DOOR = "what is left is reserved for front-door clients"
    NETWORK = "this client network has too many connections"


@dataclass(frozen=True, slots=True)
class Room:
    """How many connections there may be at once, and what counts as one client network."""

    connections: int = 4000
    reserved: int | None = None  # of them for front-door clients only; None is a quarter
    per_network: int = 50
    ipv4_prefix: int = 32
    ipv6_prefix: int = 64  # one host has all of a /64

    @property
    def for_back_door(self) -> int:
        """How many connections those may have who are no front-door clients."""
        reserved = self.connections // 4 if self.reserved is None else self.reserved
        return max(0, self.connections - reserved)

    def within(self, connections: int) -> Room:
        """The same with fewer connections: the reserved part keeps its share."""
        if connections >= self.connections:
            return self
        reserved = self.reserved
        if reserved is not None:
            reserved = reserved * connections // self.connections
        return replace(self, connections=connections, reserved=reserved)

    def network_of(self, client: Address) -> Network:
        """The network that this client's sessions are counted by."""
        prefix = self.ipv4_prefix if client.version == 4 else self.ipv6_prefix
        return client.version, int(client) >> (client.max_prefixlen - prefix)


Network = tuple[int, int]
"""A client's network as something to count by: the IP version and the leading bits."""


class Admission:
    """Counts sessions. `clock` gives seconds that never go back; `tell` takes what is loud.

    `room` is for all workers, of which `most` sessions may be in this process. Both, and who is a
    front-door client, may be changed at any time: that holds for those who come later.
    """

    def __init__(
        self,
        room: Room,
        is_front_door: Callable[[Address], bool],
        tell: Callable[[Log], None],
        clock: Callable[[], float],
        census: Seat | None = None,
        most: int | None = None,
    ) -> None:
        self.is_front_door = is_front_door
        self.admitted = 0
        self.turned_away: Counter[Full] = Counter()
        self._tell = tell
        self._clock = clock
        self._census = census or Census().seat(0)
        self._sessions: dict[Session, int | None] = {}  # where its network is counted
        self._back_door = 0
        self.set_room(room, most)
        self._untold: Counter[Full] = Counter()
        self._told_at: dict[Full, float] = {}

    def set_room(self, room: Room, most: int | None = None) -> None:
        """For the clients to come."""
        self.room = room
        self._own = room if most is None else room.within(most)

    @property
    def sessions(self) -> KeysView[Session]:
        """All that are admitted or expected, and have not left."""
        return self._sessions.keys()

    def admit(self, session: Session, client: Address) -> bool:
        """Whether there is room for this client; it is counted if so. Else it is told 421 4.3.2."""
        network = None
        if not self.is_front_door(client):
            network = self._census.of_network(*self.room.network_of(client))
        full = self._full(network)
        if full is not None:
            self._turn_away(full, client)
            return False
        self._count(session, network)
        self.admitted += 1
        return True

    def expect(self, session: Session, balancer: Address) -> bool:
        """Whether there is room for a connection whose client a PROXY header is yet to tell."""
        if self._is_all_in_use():
            self._turn_away(Full.ALL, balancer)
            return False
        self._count(session, None)
        return True

    def identify(self, session: Session, client: Address) -> bool:
        """Admit an expected session as its client's. Where there is no room, it has left."""
        self.leave(session)
        return self.admit(session, client)

    def replace(self, former: Session, session: Session) -> None:
        """Another has what the former one had."""
        if former in self._sessions:
            self._sessions[session] = self._sessions.pop(former)

    def leave(self, session: Session) -> None:
        """Count a session no more; one that is not counted is no mistake."""
        if session not in self._sessions:
            return
        network = self._sessions.pop(session)
        self._census.add(ALL, -1)
        if network is not None:
            self._back_door -= 1
            self._census.add(BACK_DOOR, -1)
            self._census.add(network, -1)

    def _count(self, session: Session, network: int | None) -> None:
        self._sessions[session] = network
        self._census.add(ALL, 1)
        if network is not None:
            self._back_door += 1
            self._census.add(BACK_DOOR, 1)
            self._census.add(network, 1)

    def _full(self, network: int | None) -> Full | None:
        if self._is_all_in_use():
            return Full.ALL
        if network is None:
            return None
        if self._census.total(network) >= self.room.per_network:
            return Full.NETWORK
        if (
            self._census.total(BACK_DOOR) >= self.room.for_back_door
            or self._back_door >= self._own.for_back_door
        ):
            return Full.BACK_DOOR
        return None

    def _is_all_in_use(self) -> bool:
        return (
            self._census.total(ALL) >= self.room.connections
            or len(self._sessions) >= self._own.connections
        )

    def _turn_away(self, full: Full, client: Address) -> None:
        """Count who is turned away; the log hears of each kind at most once a minute."""
        self.turned_away[full] += 1
        self._untold[full] += 1
        now = self._clock()
        if now >= self._told_at.get(full, -inf) + TOLD_EVERY:
            self._told_at[full] = now
            turned_away = self._untold.pop(full)
            fields = {"why": full, "client": client, "turned_away": turned_away}
            self._tell(Log("full", fields, loud=True))
