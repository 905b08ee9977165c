"""Whole worlds by chance: an arrival, a front door and rules, out of few names and addresses.

They are few so that things meet: a client that is an MX host, a trust that is over, an MX that is
the mail server itself, a scanner whose name is declared and whose address is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from mxward import policy
from mxward.domains import Domains
from mxward.model import (
    Arrival,
    ConfirmedNames,
    Decision,
    Exchange,
    FrontDoor,
    Kind,
    Known,
    Question,
    Rules,
    Scanner,
    Stage,
    Trust,
)
from mxward.networks import Address, Networks, address, network

_V4 = "192.0.2.25", "198.51.100.7", "62.4.5.6", "62.4.5.7", "4.3.90.120"
_V6 = "2001:db8::25", "2a00:1::25", "2a00:1::26"
_ODD = "10.0.0.5", "127.0.0.1", "224.0.0.1", "::1", "fe80::1", "64:ff9b::a00:5", "2002:a00:5::1"
ADDRESSES = tuple(map(address, (*_V4, *_V6, *_ODD)))
_NETS = "62.4.5.0/24", "198.51.100.0/24", "10.0.0.5", "4.3.0.0/16", "2a00:1::/64"
NETWORKS = tuple(map(network, _NETS))
_IDN = "xn--bcher-kva.example", "xn--pxavbq.xn--fiqs8s"
DOMAINS = ("it.co.za", "a.it.co.za", "b.a.it.co.za", *_IDN, "fass.example")
ENTRIES = (*DOMAINS, "*.it.co.za", "*.a.it.co.za", "localnet")
FAR = ("far.example", "notit.co.za", "co.za", "xn--fa-hia.example")
HOSTS = {
    "mx1.clean.example": "clean",
    "mx2.clean.example": "clean",
    "mx.shield.example": "shield",
    "mx.it.co.za": None,
    "it.co.za": None,
}
CERTIFICATES = ("out.clean.example", "clean.example", "out.shield.example", "gw.branch.example")
NAMES = ("gw.branch.example", "branch.example", "mx1.clean.example")
HIDDEN = (
    "a%{0}@{1}",
    "{0}!a@{1}",
    "@{1}:a@{0}",
    '"a@{0}"@{1}',
    "a@{1}@{0}",
    "a:b@{0}",
    "a@{0}..",
    "a@[192.0.2.25]",
    "a@192.0.2.25",
    "a@localhost",
    "a@",
    "a",
    "",
)


def some(pool: Any, most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(list(pool)), unique=True, max_size=most).map(tuple)


networks = some(NETWORKS, 2).map(Networks)
domains = some(ENTRIES).map(Domains)
certificates = some(CERTIFICATES, 2)
names = st.builds(ConfirmedNames, st.sampled_from(Known), some(NAMES))
hidden = st.builds(
    str.format, st.sampled_from(HIDDEN), st.sampled_from(DOMAINS), st.sampled_from(FAR)
)
plain = st.sampled_from([f"shaun@{domain}" for domain in (*DOMAINS, *FAR)])
recipients = plain | hidden | st.just("postmaster")
senders = st.sampled_from(["", "e-cards@hallmark.com", "x@it.co.za"])
arrivals = st.builds(
    Arrival,
    client=st.sampled_from(ADDRESSES),
    server=st.sampled_from(ADDRESSES),
    helo=st.sampled_from(["hallmark.com", "mx1.clean.example"]),
    sender=senders,
    recipient=recipients,
    authenticated=st.sampled_from([None, None, None, "anna"]),
    names=names,
    certificates=st.just(()) | certificates,
)
_BY_NETWORK = [Trust("anna", "printer", net) for net in NETWORKS]
_BY_NAME = [Trust("ben", "b", name=name) for name in ("gw.branch.example", "*.branch.example")]
_BY_CERTIFICATE = [replace(trust, name=None, certificate=trust.name) for trust in _BY_NAME]
trusts = st.builds(
    replace,
    st.sampled_from(_BY_NETWORK) | st.sampled_from([*_BY_NAME, *_BY_CERTIFICATE]),
    recipients=st.just(Domains()) | domains,
    senders=st.sampled_from([Domains(), Domains(["hallmark.com"])]),
    expires=st.none() | st.integers(0, 10).map(float),
)
enforced = st.sampled_from([Stage.DEFER, Stage.REFUSE, Stage.REROUTE])


def scanners_of(declared: tuple[str, ...]) -> st.SearchStrategy[dict[str, Scanner]]:
    return st.fixed_dictionaries(
        {
            name: st.builds(
                Scanner,
                st.just(name),
                mx=st.just((f"{name}.example",)),
                addresses=networks,
                egress=networks,
                certificates=some([f"*.{name}.example", "out.clean.example"]),
            )
            for name in declared
        }
    )


scanners = some(["clean", "shield"]).flatmap(scanners_of)
rules = st.builds(
    Rules,
    inventory=domains,
    stage=st.sampled_from(Stage),
    stages=st.dictionaries(st.sampled_from(ENTRIES), st.sampled_from(Stage), max_size=3),
    trust=st.lists(trusts, max_size=3).map(tuple),
    scanners=scanners,
    own=some(ADDRESSES, 2).map(frozenset),
    client_told=st.booleans(),
    rehearsed=enforced,
)
exchanges = st.lists(
    st.builds(
        Exchange,
        preference=st.integers(0, 3),
        name=st.sampled_from(list(HOSTS)),
        addresses=some(ADDRESSES),
        scanner=st.sampled_from([None, "clean"]),
    ).map(lambda x: replace(x, scanner=HOSTS[x.name] or x.scanner)),
    max_size=3,
    unique_by=lambda exchange: exchange.name,
).map(tuple)
questions = [Question(kind, name) for name in HOSTS for kind in (Kind.A, Kind.AAAA)]
questions.append(Question(Kind.TXT, "spf.clean.example"))
doors = st.builds(
    FrontDoor,
    state=st.just(Known.FOUND),
    exchanges=exchanges,
    egress=networks,
    former=networks,
    held=networks,
    missing=st.just(()) | some(questions),
    also=some(["clean", "shield"], 1),
) | st.builds(FrontDoor, state=st.sampled_from(Known), former=networks, missing=some(questions, 1))


@dataclass(frozen=True, slots=True)
class World:
    """All that a decision depends on."""

    arrival: Arrival
    door: FrontDoor
    rules: Rules
    now: float

    def decide(self) -> Decision:
        return policy.decide(self.arrival, self.door, self.rules, self.now)

    def to(self, recipient: str) -> World:
        return replace(self, arrival=replace(self.arrival, recipient=recipient))


worlds = st.builds(World, arrivals, doors, rules, st.integers(0, 10).map(float))


@st.composite
def strict_worlds(draw: st.DrawFn) -> World:
    """A stranger, mostly, at the door of a domain of ours that is enforced: most are stopped."""
    world = draw(worlds)
    client = draw(st.just(STRANGER) | st.sampled_from(ADDRESSES))
    return World(
        replace(world.arrival, client=client, recipient="shaun@it.co.za", authenticated=None),
        draw(st.sampled_from(_FRONTED) | doors),
        replace(
            world.rules,
            inventory=Domains(["it.co.za", "*.it.co.za"]),
            stage=draw(enforced),
            stages={},
            trust=draw(st.just(()) | st.just(world.rules.trust)),
            scanners=draw(scanners_of(("clean", "shield"))),
            own=frozenset(draw(some(ADDRESSES[:1]))),
        ),
        world.now,
    )


@st.composite
def rerouting_worlds(draw: st.DrawFn) -> World:
    """A stranger at the door of a domain that is rerouted, to hosts with addresses of all kinds."""
    world = draw(strict_worlds())
    names = ["mx1.clean.example", "mx.shield.example", "mx.gone.example", "mx.it.co.za"]
    owners = {name: name.split(".")[1] for name in names[:3]}
    hosts = tuple(
        Exchange(
            draw(st.integers(0, 3)),
            name,
            draw(some(ADDRESSES[1:])),
            owners.get(name, draw(st.sampled_from(["clean", None]))),
        )
        for name in draw(some(names, 4))
    )
    rules = replace(world.rules, stage=Stage.REROUTE, trust=(), own=frozenset(ADDRESSES[:1]))
    arrival = replace(world.arrival, client=address("4.3.90.121"))
    return World(arrival, FrontDoor(Known.FOUND, hosts), rules, world.now)


def widened(door: FrontDoor, where: str, member: Address) -> FrontDoor:
    """The same front door with one more address among its `egress`, `former` or `hosts`."""
    more = Networks([network(str(member))])
    match where:
        case "egress":
            return replace(door, egress=door.egress | more)
        case "former":
            return replace(door, former=door.former | more)
    hosts = tuple(replace(x, addresses=(*x.addresses, member)) for x in door.exchanges)
    return replace(door, exchanges=hosts)


places = st.sampled_from(["egress", "former", "hosts"])


@st.composite
def welcome_worlds(draw: st.DrawFn) -> World:
    """A client that stands in front, mostly, of a domain of ours that is enforced."""
    world = draw(strict_worlds())
    return replace(world, door=widened(world.door, draw(places), world.arrival.client))


STRANGER = address("4.3.90.120")
_CLEAN = Exchange(1, "mx1.clean.example", ADDRESSES[2:3] + ADDRESSES[6:7], "clean")
_SHIELD = Exchange(0, "mx.shield.example", ADDRESSES[3:4] + ADDRESSES[8:9], "shield")
_FRONTED = [
    FrontDoor(Known.FOUND, (_CLEAN,)),
    FrontDoor(Known.FOUND, (_CLEAN, _SHIELD)),
    FrontDoor(Known.FOUND, (_CLEAN,), held=Networks(NETWORKS[3:4])),
    FrontDoor(Known.FOUND, (_CLEAN,), missing=tuple(questions[:1])),
]
