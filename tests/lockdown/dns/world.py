"""A small DNS as plain data that scripts for nsupdate change: what RFC 2136 says of them, by heart.

A zone's records are by name and type; questions follow CNAMEs, and wildcards where there is no such
name (RFC 4592).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from mxward.audit.premises import Premises
from mxward.audit.survey import MOST_ROUNDS
from mxward.lockdown.dns.looked import NO_FILES, Filed, Looked
from mxward.lockdown.dns.looking import look
from mxward.lockdown.dns.primary import at_primary, record_questions, without_gone
from mxward.model import Answer, Kind, Known, Question, Scanner
from mxward.networks import Networks

__all__ = ["ELSEWHERE", "MAIL", "MAIL6", "NEW", "PREMISES", "Refused", "World", "looked"]

MAIL, MAIL6, ELSEWHERE, NEW = "192.0.2.25", "2001:db8::25", "192.0.2.80", "203.0.113.9"
SCANNER = Scanner(
    "scanner",
    mx=("scanner.example",),
    addresses=Networks.of("198.51.100.0/30"),
    egress=Networks.of("198.51.100.16/28"),
)
PREMISES = Premises(
    scanners={"scanner": SCANNER},
    named=(ip_address(MAIL), ip_address(MAIL6)),
    servers=Networks.of(MAIL, MAIL6),
    networks=Networks.of("192.0.2.0/24", MAIL6),
    guesses=("mail", "smtp", "www", "imap", "ftp", "mx"),
    label="nobody",
)

_LINE = re.compile(r"(\S+)(?: (\d+))?(?: IN)? ([A-Z]+)(?: (.*))?")
_SINGLE = frozenset(("CNAME", "SOA"))


class Refused(Exception):
    """A script whose prerequisites do not hold."""


@dataclass
class World:
    """Records by name and type: how long they last, and their values as a zone file has them."""

    records: dict[tuple[str, str], tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)  # names that nobody answers for

    @classmethod
    def of(cls, text: str) -> World:
        """Out of lines like `it.co.za MX 10 mx.scanner.example`, with a TTL or with 3600."""
        world = cls()
        for line in filter(None, map(str.strip, text.splitlines())):
            matched = _LINE.fullmatch(line)
            assert matched, line
            name, ttl, kind, value = matched.groups()
            if value == "!":
                world.broken.add(name)
            else:
                world._add(name, kind, int(ttl or 3600), value)
        return world

    def copy(self) -> World:
        return World(dict(self.records), set(self.broken))

    # -- what is asked --------------------------------------------------------------------------

    def ask(self, question: Question) -> Answer:
        """As a resolver answers that has just been started."""
        name = question.name
        if name in self.broken:
            return Answer(Known.FAILED)
        for _ in range(8):
            owner = self._owner(name)
            here = self.records.get((owner, question.kind.value))
            if here is not None:
                values = tuple(_answered(question.kind.value, value) for value in here[1])
                canonical = name if name != question.name else ""
                return Answer(Known.FOUND, values, float(here[0]), canonical)
            alias = self.records.get((owner, "CNAME"))
            if alias is None:
                return Answer(Known.ABSENT, (), 60.0, name if name != question.name else "")
            name = alias[1][0].removesuffix(".")
        return Answer(Known.FAILED)

    def _owner(self, name: str) -> str:
        names = {owner for owner, _ in self.records}
        if name in names or any(owner.endswith(f".{name}") for owner in names):
            return name
        parent = name.partition(".")[2]
        return f"*.{parent}" if f"*.{parent}" in names else name

    # -- what is changed ------------------------------------------------------------------------

    def run(self, script: str) -> None:
        """Run a script: all of it, or nothing. Raises Refused."""
        lines = script.splitlines()
        assert lines[-1] == "send" and lines.count("send") == 1, "one message"
        wanted: dict[tuple[str, str], set[str]] = {}
        updates = []
        for line in lines[:-1]:
            words, _, rest = line.partition(" ")
            if words == "prereq":
                self._prerequisite(rest, wanted)
            elif words == "update":
                updates.append(rest)
            else:
                assert words in ("zone", "server"), line
        for key, values in wanted.items():
            if set(self.records.get(key, (0, ()))[1]) != values:
                raise Refused(f"{key} is not {values}")
        for update in updates:
            self._update(update)

    def _prerequisite(self, rest: str, wanted: dict[tuple[str, str], set[str]]) -> None:
        what, _, of = rest.partition(" ")
        if what == "nxdomain":
            if any(owner == of.removesuffix(".") for owner, _ in self.records):
                raise Refused(f"{of} is there")
            return
        matched = _LINE.fullmatch(of)
        assert matched, of
        name, _, kind, value = matched.groups()
        key = name.removesuffix("."), kind
        if what == "nxrrset":
            if key in self.records:
                raise Refused(f"{key} is there")
        else:
            assert what == "yxrrset"
            wanted.setdefault(key, set()).add(value)

    def _update(self, rest: str) -> None:
        what, _, of = rest.partition(" ")
        matched = _LINE.fullmatch(of)
        assert matched, of
        name, ttl, kind, value = matched.groups()
        name = name.removesuffix(".")
        if what == "add":
            self._add(name, kind, int(ttl), value)
            return
        assert what == "delete"
        had = self.records.pop((name, kind), None)
        if had and value is not None and (left := tuple(v for v in had[1] if v != value)):
            self.records[name, kind] = (had[0], left)

    def _add(self, name: str, kind: str, ttl: int, value: str) -> None:
        """RFC 2136 3.4.2.2: nothing stands beside a CNAME."""
        others = {k for owner, k in self.records if owner == name}
        if (kind == "CNAME") != ("CNAME" in others) and others:
            raise AssertionError(f"{kind} of {name} beside {others}")
        values = () if kind in _SINGLE else self.records.get((name, kind), (0, ()))[1]
        self.records[name, kind] = (ttl, tuple(sorted({*values, value})))


def _answered(kind: str, value: str) -> str:
    match kind:
        case "TXT":
            parts = re.findall(r'"((?:[^"\\]|\\.)*)"', value)
            return re.sub(r"\\(.)", r"\1", "".join(parts))
        case "CNAME" | "MX" | "NS" | "SRV":
            return value.removesuffix(".")
    return value


def looked(
    domains: Iterable[str],
    world: World,
    premises: Premises = PREMISES,
    filed: Filed = NO_FILES,
    primary: World | None = None,
) -> list[Looked]:
    """What is known of domains, with as many rounds as it takes; then by their primary."""
    found = [_looked(domain, world, premises, filed) for domain in domains]
    if primary is None:
        return found
    after = [_now(each, primary, premises) for each in found]
    return without_gone(found, after)


def _looked(domain: str, world: World, premises: Premises, filed: Filed) -> Looked:
    facts: dict[Question, Answer] = {}
    for _ in range(MOST_ROUNDS):
        found = look(domain, facts, premises, filed)
        if not found.asks:
            return found
        assert not facts.keys() & set(found.asks), "it asks again"
        facts |= {question: world.ask(question) for question in found.asks}
    raise AssertionError(f"{domain} is asked about without end")


def _now(each: Looked, primary: World, premises: Premises) -> Looked:
    if each.why or not each.zone:
        return each
    facts = {q: primary.ask(q) for q in record_questions(each, premises.label)}
    return at_primary(each, facts, premises)


def leads_home(world: World, name: str, servers: Networks = PREMISES.servers) -> bool:
    """Whether a name leads to the mail server."""
    answers = (world.ask(Question(kind, name)) for kind in (Kind.A, Kind.AAAA))
    return any(ip_address(value) in servers for a in answers for value in a.values)


def with_guesses(*labels: str) -> Premises:
    return replace(PREMISES, guesses=labels)


Records = Mapping[tuple[str, str], tuple[int, tuple[str, ...]]]
