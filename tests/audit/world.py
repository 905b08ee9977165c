"""A small DNS as plain data, and what an audit finds in it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from typing import Any

from mxward.audit.changes import Before
from mxward.audit.doors import Means
from mxward.audit.findings import Finding
from mxward.audit.ledger import Ledger
from mxward.audit.listing import listing
from mxward.audit.premises import Premises
from mxward.audit.report import Against, Report, put_together
from mxward.audit.services import Nature, Service, Services
from mxward.audit.survey import MOST_ROUNDS, Surveyed, survey
from mxward.audit.waivers import Waiver
from mxward.domains import Domains
from mxward.model import Answer, Kind, Known, Question, Scanner
from mxward.networks import Networks
from mxward.smtp.probed import About, Answered, Guarded, Probed

NOW = 1_796_000_000.0

SERVICES = Services(
    [
        Service(
            "vendor", "The Vendor", Nature.SCANNER, ("vendor.example",), ("_spf.vendor.example",)
        ),
        Service("boxes", "Boxes", Nature.MAILBOXES, ("boxes.example",)),
        Service(
            "microsoft365", "Microsoft 365", Nature.MAILBOXES, ("mail.protection.outlook.com",)
        ),
    ],
    {"vendor": Networks.of("198.51.100.64/27")},
)
SCANNER = Scanner(
    "scanner",
    mx=("scanner.example",),
    addresses=Networks.of("198.51.100.0/30"),
    egress=Networks.of("198.51.100.16/28", "2001:db8:5::/64"),
)
PREMISES = Premises(
    scanners={"scanner": SCANNER},
    services=SERVICES,
    named=(ip_address("192.0.2.25"),),
    servers=Networks.of("192.0.2.25"),
    networks=Networks.of("192.0.2.0/25", "2001:db8:1::/64"),
    guesses=("mail", "www"),
    label="nobody",
)


@dataclass
class Zone:
    """Records by kind and name. `!` as a value is a look-up that fails; the rest is absent."""

    records: dict[Question, list[str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: Iterable[str]) -> Zone:
        """Out of lines like `it.co.za MX 10 mx.scanner.example`."""
        zone = cls()
        for line in lines:
            name, kind, value = line.split(None, 2)
            if kind == "CNAME":
                zone.aliases[name] = value
            else:
                zone.records.setdefault(Question(Kind(kind), name), []).append(value.strip())
        return zone

    def ask(self, question: Question) -> Answer:
        canonical = self.aliases.get(question.name, "")
        values = self.records.get(Question(question.kind, canonical or question.name), [])
        if "!" in values:
            return Answer(Known.FAILED)
        values = [value.strip('"') for value in values]
        return Answer(Known.FOUND if values else Known.ABSENT, tuple(values), 300.0, canonical)


def surveyed(domain: str, zone: Zone, premises: Premises = PREMISES) -> Surveyed:
    """What the DNS shows of a domain, with as many rounds as it takes."""
    facts: dict[Question, Answer] = {}
    for _ in range(MOST_ROUNDS):
        found = survey(domain, facts, premises)
        if not found.asks:
            return found
        assert not facts.keys() & set(found.asks), "it asks again"
        facts |= {question: zone.ask(question) for question in found.asks}
    raise AssertionError(f"{domain} is asked about without end")


def probed(server: str, domain: str, answered: str = "accepted", **more: Any) -> Probed:
    """What a server at `ADDRESS:PORT` has done."""
    host, _, port = server.rpartition(":")
    given = {
        "answered": Answered(answered),
        "source": ip_address("203.0.113.250"),
        "transcript": (f"0.0 S: 220 {host}", f"0.1 C: RCPT TO:<postmaster@{domain}>"),
        **more,
    }
    return Probed(ip_address(host.strip("[]")), int(port), domain, **given)


@dataclass
class Case:
    """What an audit is given, as text; see `golden/audit/findings.txt`."""

    zone: list[str] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    probes: list[Probed] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)
    before: dict[str, Before] = field(default_factory=dict)
    published: dict[str, Networks | None] = field(default_factory=dict)
    listed: list[tuple[str, str]] = field(default_factory=list)
    premises: Premises = PREMISES

    @classmethod
    def read(cls, text: str) -> Case:
        case = cls()
        for line in filter(None, text.split("\n")):
            if line.startswith("@"):
                case.direct(*shlex.split(line[1:]))
            else:
                case.zone.append(line)
                name = line.split()[0]
                if line.split()[1] == "MX" and name not in case.domains:
                    case.domains.append(name)
        return case

    def direct(self, verb: str, *words: str) -> None:
        """`@probe SERVER DOMAIN ANSWERED key=value...` and the like."""
        given = dict(word.split("=", 1) for word in words if "=" in word)
        plain = [word for word in words if "=" not in word]
        match verb:
            case "probe":
                self.probes.append(_probed(plain, given))
            case "waive":
                self.waivers.append(
                    Waiver(
                        "anna",
                        "until it is gone",
                        float(given["expires"]) if "expires" in given else None,
                        ip_network(given["server"]) if "server" in given else None,
                        domains=Domains(given["domains"].split(",") if "domains" in given else ()),
                        place="mxward.toml:9",
                    )
                )
            case "before":
                hosts, addresses, scanners = (
                    frozenset(filter(None, given[key].split(",")))
                    for key in ("hosts", "addresses", "scanners")
                )
                self.before[plain[0]] = Before(hosts, addresses, scanners)
            case "published":
                self.published[plain[0]] = Networks.of(*given["networks"].split(","))
            case "listed":
                self.listed.append((words[0], "list:7"))
            case "domain":
                self.domains.append(plain[0])
            case _:
                raise AssertionError(verb)

    def ledger(self, domains: Sequence[str] | None = None) -> Ledger:
        zone, ledger = Zone.of(self.zone), Ledger(self.premises)
        for domain in domains or self.domains:
            ledger.add(surveyed(domain, zone, self.premises))
        for each in self.probes:
            ledger.heard(each)
        return ledger

    def findings(self, ledger: Ledger | None = None) -> list[Finding]:
        means = Means(NOW, self.waivers)
        against = Against(None, self.before, self.published)
        return put_together(ledger or self.ledger(), means, listing(self.listed), against)

    def report(self, **more: Any) -> Report:
        ledger = self.ledger()
        made = Report(
            self.findings(ledger),
            ledger,
            NOW,
            NOW + 7,
            probed=bool(self.probes),
            sources=sorted(map(str, ledger.sources)),
        )
        return replace(made, **more)


_FIELDS: Mapping[str, type] = {"about": About, "stranger": About, "guarded": Guarded}


def _probed(plain: Sequence[str], given: Mapping[str, str]) -> Probed:
    more: dict[str, Any] = dict(map(_field, given.items()))
    server, domain, *answered = plain
    return probed(server, domain, *answered, **more)


def _field(given: tuple[str, str]) -> tuple[str, object]:
    key, value = given
    if key in ("catch_all", "trusting"):
        return key, value == "yes"
    if key == "certificate":
        return key, tuple(value.split(","))
    return key, _FIELDS.get(key, str)(value)


FRONTED = """\
it.co.za MX 10 mx.scanner.example
mx.scanner.example A 198.51.100.1
mail.it.co.za A 192.0.2.25
"""
