"""The nouns of mxward: what happens (arrival), what is known (answer, front door), what is ruled
(rules) and what is decided (decision).

Nothing here is changed once it is made, or knows a socket, file or clock. What is made anew for
each decision (`Needs`, `Remembered`, `Evidence`, `Decision`) is not frozen, for that would double
its cost: a quarter of the decision's. Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from mxward.domains import Domains, parents
from mxward.networks import Address, Network, Networks


class Stage(StrEnum):
    """How far a domain has come in closing its back door."""

    OBSERVE = "observe"
    DEFER = "defer"
    REFUSE = "refuse"
    REROUTE = "reroute"


class Action(StrEnum):
    """What is done with an arrival."""

    PASS = "pass"
    DEFER = "defer"
    REFUSE = "refuse"
    REROUTE = "reroute"


class Door(StrEnum):
    """Which door an arrival came by."""

    FRONT = "front"  # from the domain's MX hosts or their scanner's egress
    BACK = "back"  # any other way in, where a scanner stands in front
    OPEN = "open"  # nothing stands in front: own, no front door, no known scanner
    UNKNOWN = "unknown"  # what would tell could not be looked up
    OUTSIDE = "outside"  # not a question of doors: authenticated, or not our domain


class Reason(StrEnum):
    """Why a decision came out as it did; docs/reasons.md explains each."""

    AUTHENTICATED = "authenticated"
    NOT_OURS = "not-ours"
    RELAY = "relay"
    POSTMASTER = "postmaster"
    OWN = "own"
    OWN_AND_SCANNER = "own-and-scanner"
    EXCHANGE = "exchange"
    EGRESS = "egress"
    CERTIFICATE = "certificate"
    FORMER = "former"
    TRUSTED = "trusted"
    LOOKUP_FAILED = "lookup-failed"
    HELD = "held"
    NO_FRONT_DOOR = "no-front-door"
    NO_SCANNER = "no-scanner"
    BACK_DOOR = "back-door"
    NO_TARGET = "no-target"
    HIDDEN_DOMAIN = "hidden-domain"


class Known(StrEnum):
    """How a fact stands. Absent is not unknown, and failed is neither."""

    FOUND = "found"
    ABSENT = "absent"
    FAILED = "failed"
    NOT_ASKED = "not-asked"


class Kind(StrEnum):
    """What a question asks of the DNS."""

    MX = "MX"
    A = "A"
    AAAA = "AAAA"
    TXT = "TXT"
    PTR = "PTR"
    TLSA = "TLSA"
    CNAME = "CNAME"
    NS = "NS"
    SOA = "SOA"
    SRV = "SRV"
    CAA = "CAA"


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """One question to the DNS; the name is in its normal spelling."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the DNS said just now. FAILED covers time-outs, SERVFAIL, REFUSED and broken answers.

    `values` are as a zone file spells them: `10 mx.example.net`, `192.0.2.1`; a null MX
    (RFC 7505) is `0 .`. `canonical` is the name that CNAMEs led to.
    """

    state: Known
    values: tuple[str, ...] = ()
    ttl: float = 0.0
    canonical: str = ""


@dataclass(slots=True, unsafe_hash=True)
class Remembered:
    """What is known of one question over time: the newest good answer, and what vanished lately."""

    state: Known
    values: tuple[str, ...]
    canonical: str
    observed_at: float
    expires_at: float
    former: tuple[tuple[str, float], ...] = ()  # a value, and when it was found gone


@dataclass(frozen=True, slots=True)
class Scanner:
    """A filtering service, declared once for all the domains behind it."""

    name: str
    mx: tuple[str, ...] = ()  # suffixes of MX names, matched on label boundaries
    addresses: Networks = field(default_factory=Networks)  # where its MX hosts are
    egress: Networks = field(default_factory=Networks)  # where it delivers from
    spf: tuple[str, ...] = ()  # names whose SPF networks are its egress too
    certificates: tuple[str, ...] = ()  # names or `*.names` of the client certificates it shows

    def has_mx(self, host: str) -> bool:
        """Whether a host is the scanner's by its name."""
        return any(host == suffix or host.endswith(f".{suffix}") for suffix in self.mx)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A host that an MX names (RFC 5321 5.1), with the addresses it has now."""

    preference: int
    name: str
    addresses: tuple[Address, ...] = ()
    scanner: str | None = None


class Source(StrEnum):
    """Where a front door is known from."""

    DNS = "dns"
    REMEMBERED = "remembered"


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """The hosts that a domain's MX names and the networks its scanners deliver from.

    ABSENT: no such domain, null MX, or MX hosts without any address. FAILED: nothing could be
    looked up and nothing is remembered. `missing` names what could not be looked up and is not
    remembered; `held` are networks that wait for the operator's word.
    """

    state: Known
    exchanges: tuple[Exchange, ...] = ()
    egress: Networks = field(default_factory=Networks)
    former: Networks = field(default_factory=Networks)  # welcome, never a reroute target
    held: Networks = field(default_factory=Networks)
    missing: tuple[Question, ...] = ()
    also: tuple[str, ...] = ()  # scanners beside `scanners` whose egress is welcome, or was lately
    source: Source = Source.DNS
    observed_at: float = 0.0
    addresses: frozenset[Address] = field(init=False, compare=False)
    scanners: tuple[str, ...] = field(init=False, compare=False)  # in the order of their exchanges

    def __post_init__(self) -> None:
        everywhere = frozenset(a for exchange in self.exchanges for a in exchange.addresses)
        in_front = tuple(dict.fromkeys(x.scanner for x in self.exchanges if x.scanner))
        object.__setattr__(self, "addresses", everywhere)
        object.__setattr__(self, "scanners", in_front)


NOT_ASKED = FrontDoor(Known.NOT_ASKED)


@dataclass(frozen=True, slots=True)
class ConfirmedNames:
    """A client's names that lead back to its address (forward-confirmed PTR)."""

    state: Known = Known.NOT_ASKED
    names: tuple[str, ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class Arrival:
    """One recipient of one message brought by one client."""

    client: Address
    server: Address  # the address the client connected to
    helo: str
    sender: str  # the reverse-path; "" is the null sender
    recipient: str  # the mailbox as RCPT named it
    authenticated: str | None = None
    names: ConfirmedNames = field(default_factory=ConfirmedNames)
    certificates: tuple[str, ...] = ()  # DNS names of its verified TLS certificate, as `normal`


@dataclass(frozen=True, slots=True)
class Trust:
    """A client that may use the back door. One of network, name and certificate is set.

    Empty `recipients` or `senders` mean any domain. `expires` is None where it never does;
    `place` says where the entry stands, and `id` which one of the store it is.
    """

    owner: str
    note: str
    network: Network | None = None
    name: str | None = None  # forward-confirmed; `*.example.net` for everything below
    certificate: str | None = None  # a verified certificate's name; `*.example.net` as well
    recipients: Domains = field(default_factory=Domains)
    senders: Domains = field(default_factory=Domains)
    expires: float | None = None
    place: str = ""
    id: int | None = None  # None: it stands in the configuration


EVERY = "*"
"""What a stage is set for in the store where it is set for all domains."""


@dataclass(frozen=True, slots=True)
class StageSet:
    """A stage that was set while mxward runs: by whom, and when."""

    stage: Stage
    at: float
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """The part of the operator's word that the store holds; each trusted client has its `id`."""

    trust: tuple[Trust, ...] = ()
    stages: Mapping[str, StageSet] = field(default_factory=dict)  # by domain, `*.domain`, EVERY


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's word: one immutable snapshot of all that a decision depends on.

    `trust` is the union of configuration and store. What is set in the store goes before `stages`
    and `stage`, on whatever level.
    """

    inventory: Domains
    stage: Stage = Stage.OBSERVE
    stages: Mapping[str, Stage] = field(default_factory=dict)  # by domain or `*.domain`
    trust: tuple[Trust, ...] = ()
    scanners: Mapping[str, Scanner] = field(default_factory=dict)
    own: frozenset[Address] = frozenset()  # the mail server's; empty: what clients connect to
    client_told: bool = False  # the mail server learns the client's address
    rehearsed: Stage = Stage.REFUSE  # what `would` assumes where the stage is observe
    stages_set: Mapping[str, StageSet] = field(default_factory=dict)  # in the store
    in_force: frozenset[Stage] = field(init=False, compare=False)  # the stages of any domain
    strictest: Stage = field(init=False, compare=False)  # in force for any domain
    trusted_networks: Networks = field(init=False, compare=False)
    trusted_names: tuple[Trust, ...] = field(init=False, compare=False)  # entries with a name
    trusted_certificates: tuple[Trust, ...] = field(init=False, compare=False)  # with a certificate

    def __post_init__(self) -> None:
        in_force = frozenset(self._stages_in_force())
        networks = Networks(t.network for t in self.trust if t.network is not None)
        named = tuple(t for t in self.trust if t.name is not None)
        certified = tuple(t for t in self.trust if t.certificate is not None)
        object.__setattr__(self, "in_force", in_force)
        object.__setattr__(self, "strictest", max(in_force, key=list(Stage).index))
        object.__setattr__(self, "trusted_networks", networks)
        object.__setattr__(self, "trusted_names", named)
        object.__setattr__(self, "trusted_certificates", certified)

    def _stages_in_force(self) -> Iterator[Stage]:
        """Those that some domain may have: what the store goes before is not in force."""
        yield from (found.stage for found in self.stages_set.values())
        if EVERY not in self.stages_set:
            yield self.stage
            for entry, stage in self.stages.items():
                if not any(each in self.stages_set for each in entries_for(entry)):
                    yield stage

    @property
    def stored(self) -> Stored:
        """What of it the store has said."""
        return Stored(tuple(t for t in self.trust if t.id is not None), self.stages_set)

    def having(self, stored: Stored) -> Rules:
        """The same, with another part from the store."""
        configured = tuple(trust for trust in self.trust if trust.id is None)
        return replace(self, trust=(*configured, *stored.trust), stages_set=stored.stages)

    @property
    def asks_for_certificates(self) -> bool:
        """Whether a client's certificate could make any difference."""
        return bool(self.trusted_certificates) or any(
            scanner.certificates for scanner in self.scanners.values()
        )


def entries_for(domain: str) -> Iterator[str]:
    """The entries that may say something of a domain (or of all below one), the nearest first."""
    yield domain
    for parent in parents(domain.removeprefix("*.")):
        yield f"*.{parent}"


@dataclass(slots=True, unsafe_hash=True)
class Needs:
    """What a decision must know before it can be made."""

    front_door: str | None = None  # the domain
    names: bool = False  # the client's forward-confirmed names


STORED = "store:"
"""What stands before an entry of the store in `stage_from`; no name of a domain has a colon."""


@dataclass(slots=True, unsafe_hash=True)
class Evidence:
    """What a decision rests on: shown by `explain`, named in the log."""

    domain: str = ""
    front_door: FrontDoor = NOT_ASKED
    trust: Trust | None = None
    names: ConfirmedNames = field(default_factory=ConfirmedNames)
    failed: tuple[Question, ...] = ()  # the look-ups that could still have let the client pass
    stage_from: str = "default"  # the entry; in the store, with STORED before it


@dataclass(slots=True, unsafe_hash=True)
class Decision:
    """What is done with an arrival, and why.

    `would` is what an enforced stage would have done; it equals `action` where one is in force.
    """

    action: Action
    would: Action
    stage: Stage
    door: Door
    reason: Reason
    evidence: Evidence
    targets: tuple[Exchange, ...] = ()  # where a rerouted transaction goes, best first
