"""Who may have a session, counted: floods of the back door never shut the front."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.networks import Address, Networks, address
from mxward.proxy.admission import Admission, Full, Room, Session
from mxward.smtp.vocabulary import Log

SCANNER = address("198.51.100.1")
BALANCER = address("10.0.0.1")
ROOM = Room(connections=40, reserved=10, per_network=5)


class Client:
    """A session; nothing is ever asked of it here."""

    def shut(self) -> None:
        raise AssertionError


@dataclass
class Gate:
    """An admission with its clock, its log and what counts as a front door."""

    room: Room = ROOM
    now: float = 0.0
    front_door: Networks = field(default_factory=lambda: Networks.of("198.51.100.0/24"))
    told: list[Log] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.admission = Admission(
            self.room, lambda client: client in self.front_door, self.told.append, lambda: self.now
        )

    def come(self, *clients: Address) -> list[Client]:
        """Those who are admitted."""
        sessions = [(Client(), client) for client in clients]
        return [s for s, client in sessions if self.admission.admit(s, client)]

    def go(self, *sessions: Session) -> None:
        for session in sessions:
            self.admission.leave(session)


def many(count: int, first: str = "203.0.113.0", step: int = 1) -> list[Address]:
    """So many addresses, `step` apart."""
    start = address(first)
    return [start + n * step for n in range(count)]


def test_a_flood_from_many_addresses_leaves_the_reserved_part_to_the_front_door() -> None:
    gate = Gate()
    assert len(gate.come(*many(1000))) == 30
    assert len(gate.come(*[SCANNER] * 1000)) == 10
    assert len(gate.admission.sessions) == 40


def test_the_front_door_may_fill_everything() -> None:
    gate = Gate()
    assert len(gate.come(*[SCANNER] * 1000)) == 40
    assert gate.come(*many(1)) == []


def test_what_the_front_door_takes_is_not_taken_from_the_back_door_as_well() -> None:
    """35 of 40 are the scanner's: 5 are left, and they are anybody's."""
    gate = Gate()
    gate.come(*[SCANNER] * 35)
    assert len(gate.come(*many(10))) == 5


def test_who_leaves_makes_room_for_the_same_kind() -> None:
    gate = Gate()
    back, front = gate.come(*many(30)), gate.come(*[SCANNER] * 10)
    gate.go(front[0])
    assert gate.come(*many(1, "192.0.2.1")) == []
    assert len(gate.come(SCANNER)) == 1
    gate.go(*back[:2])
    assert len(gate.come(*many(5, "192.0.2.1"))) == 2


def test_leaving_twice_or_unadmitted_counts_once() -> None:
    gate = Gate()
    sessions = gate.come(*many(30))
    gate.go(sessions[0], sessions[0], Client())
    assert len(gate.come(*many(5, "192.0.2.1"))) == 1


@pytest.mark.parametrize(
    ("client", "same", "other", "prefixes"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.2", {}),
        ("192.0.2.1", "192.0.2.254", "192.0.3.1", {"ipv4_prefix": 24}),
        ("192.0.2.1", "203.0.113.1", "2001:db8::1", {"ipv4_prefix": 0}),
        ("2001:db8::1", "2001:db8::ffff:0:0:1", "2001:db8:0:1::1", {}),
        ("2001:db8::1", "2001:db8:0:ff::1", "2001:db8:0:100::1", {"ipv6_prefix": 56}),
        ("2001:db8::1", "2001:db8::1", "2001:db8::2", {"ipv6_prefix": 128}),
        ("::c000:201", "::c000:201", "192.0.2.1", {"ipv6_prefix": 128}),  # alike as numbers
    ],
)
def test_one_network_has_its_limit(
    client: str, same: str, other: str, prefixes: dict[str, int]
) -> None:
    gate = Gate(replace(ROOM, **prefixes))
    assert len(gate.come(*[address(client)] * 5)) == 5
    assert gate.come(address(same)) == []
    assert len(gate.come(*[address(other)] * 6)) == 5


def test_a_network_of_one_host_hopping_through_its_64() -> None:
    gate = Gate()
    assert len(gate.come(*many(1000, "2001:db8::"))) == 5
    assert len(gate.come(*many(1000, "2001:db8:1::", step=1 << 64))) == 25


def test_a_front_door_client_does_not_count_for_its_neighbours() -> None:
    gate = Gate(replace(ROOM, ipv4_prefix=16))
    gate.come(*[SCANNER] * 20)
    assert len(gate.come(*[address("198.51.7.7")] * 6)) == 5


def test_what_is_learned_under_way_holds_for_who_comes_next() -> None:
    """Those inside keep what they came as, so every count comes out even in the end."""
    gate = Gate()
    scanner = gate.come(*[SCANNER] * 20)
    gate.front_door = Networks()
    assert len(gate.come(*[SCANNER] * 10)) == 5
    gate.front_door = Networks.of("198.51.100.0/24", "203.0.113.0/24")
    new = gate.come(*many(20))
    assert len(new) == 15
    gate.front_door = Networks()
    gate.go(*scanner, *new)
    assert len(gate.admission.sessions) == 5
    assert len(gate.come(*many(100))) == 25
    assert gate.come(SCANNER) == []


def test_networks_that_have_left_take_no_memory() -> None:
    gate = Gate()

    def pass_through(prefix: str) -> int:
        for client in many(5000, f"2001:db8:{prefix}::", step=1 << 64):
            gate.go(*gate.come(client))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first = pass_through("a")
        assert pass_through("b") < first + 50_000
    finally:
        tracemalloc.stop()


# -- load balancers ---------------------------------------------------------------------------


def test_a_balancer_brings_many_and_each_is_judged_as_its_own_client() -> None:
    gate = Gate()
    waiting = [Client() for _ in range(20)]
    assert all(gate.admission.expect(session, BALANCER) for session in waiting)
    clients = [address("192.0.2.1")] * 10 + many(10)
    admitted = [gate.admission.identify(*pair) for pair in zip(waiting, clients, strict=True)]
    assert admitted == [True] * 5 + [False] * 5 + [True] * 10
    assert len(gate.admission.sessions) == 15


def test_a_session_has_the_place_of_who_has_received_it() -> None:
    gate = Gate()
    reception, session, late = Client(), Client(), Client()
    assert gate.admission.admit(reception, address("192.0.2.1"))
    gate.admission.replace(reception, session)
    assert set(gate.admission.sessions) == {session}
    gate.admission.leave(reception)
    gate.admission.replace(reception, late)  # it has left
    assert set(gate.admission.sessions) == {session}
    assert len(gate.come(*[address("192.0.2.1")] * 6)) == 4
    gate.admission.leave(session)
    assert len(gate.come(address("192.0.2.1"))) == 1


def test_a_flood_behind_the_balancer_does_not_keep_the_front_door_out() -> None:
    gate = Gate()
    gate.come(*many(30))
    flood, scanner = Client(), Client()
    assert gate.admission.expect(flood, BALANCER)
    assert not gate.admission.identify(flood, address("192.0.2.1"))
    assert gate.admission.expect(scanner, BALANCER)
    assert gate.admission.identify(scanner, SCANNER)


def test_expected_sessions_count_in_all() -> None:
    gate = Gate()
    waiting = [Client() for _ in range(41)]
    assert [gate.admission.expect(s, BALANCER) for s in waiting] == [True] * 40 + [False]
    assert gate.come(SCANNER) == []
    gate.go(*waiting)
    assert len(gate.come(*[SCANNER] * 50)) == 40


# -- what the log hears -----------------------------------------------------------------------


def heard(gate: Gate) -> list[tuple[str, int]]:
    said = [(str(log.fields["why"]), log.fields["turned_away"]) for log in gate.told if log.loud]
    gate.told.clear()
    return said  # type: ignore[return-value]


def test_each_kind_is_told_once_a_minute_with_how_many_there_were_since() -> None:
    gate = Gate()
    gate.come(*[address("192.0.2.1")] * 8)
    assert heard(gate) == [(Full.NETWORK, 1)]
    gate.come(*many(26))
    assert heard(gate) == [(Full.BACK_DOOR, 1)]
    gate.come(*[SCANNER] * 12)
    assert heard(gate) == [(Full.ALL, 1)]
    gate.now = 59.9
    gate.come(*[SCANNER] * 3)
    assert heard(gate) == []
    gate.now = 60.0
    gate.come(*[SCANNER] * 3)
    assert heard(gate) == [(Full.ALL, 5)]
    gate.go(*gate.admission.sessions)
    gate.come(*[address("192.0.2.1")] * 8)
    assert heard(gate) == [(Full.NETWORK, 3)]


def test_a_client_that_is_admitted_is_not_told() -> None:
    gate = Gate()
    gate.come(*many(30), *[SCANNER] * 10)
    assert gate.told == []


# -- how much room ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("room", "back_door"),
    [
        (Room(), 3000),
        (Room(connections=1), 1),
        (Room(connections=4000, reserved=0), 4000),
        (Room(connections=4000, reserved=1), 3999),
        (Room(connections=10, reserved=20), 0),
        (Room().within(100), 75),
        (Room().within(9999), 3000),
        (Room(connections=4000, reserved=2000).within(100), 50),
        (Room(connections=4000, reserved=0).within(100), 100),
    ],
)
def test_room_for_the_back_door(room: Room, back_door: int) -> None:
    assert room.for_back_door == back_door


# -- a law ------------------------------------------------------------------------------------

PEOPLE = [SCANNER, *many(3), *many(3, "2001:db8::"), address("2001:db8:1::")]
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["come", "expect", "identify", "leave", "learn"]), st.integers(0, 99)
    ),
    max_size=120,
)


@given(MOVES)
def test_the_counts_are_those_of_who_is_there(moves: list[tuple[str, int]]) -> None:
    """Whatever happens, nobody is admitted beyond the limits, and nobody is turned away below."""
    gate = Gate(Room(connections=12, reserved=3, per_network=2))
    inside: dict[Client, str] = {}  # "" where exempt, "?" where expected, else the network

    def judged(client: Address) -> tuple[bool, str]:
        if client in gate.front_door:
            return len(inside) < 12, ""
        network = str(client) if client.version == 4 else client.exploded[:19]
        back_door = sum(kind not in ("", "?") for kind in inside.values())
        alike = list(inside.values()).count(network)
        return len(inside) < 12 and back_door < 9 and alike < 2, network

    for move, number in moves:
        client, session = PEOPLE[number % len(PEOPLE)], Client()
        expected = [session for session, kind in inside.items() if kind == "?"]
        if move == "come":
            fits, kind = judged(client)
            assert gate.admission.admit(session, client) == fits
            inside.update({session: kind} if fits else {})
        elif move == "expect":
            fits = len(inside) < 12
            assert gate.admission.expect(session, BALANCER) == fits
            inside.update({session: "?"} if fits else {})
        elif move == "identify" and expected:
            del inside[expected[0]]
            fits, kind = judged(client)
            assert gate.admission.identify(expected[0], client) == fits
            inside.update({expected[0]: kind} if fits else {})
        elif move == "leave" and inside:
            gone = list(inside)[number % len(inside)]
            del inside[gone]
            gate.go(gone)
        elif move == "learn":
            gate.front_door = Networks.of(*["203.0.113.1", "198.51.100.1"][: number % 3])
        assert set(gate.admission.sessions) == set(inside)
