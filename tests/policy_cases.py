"""The clients, front doors and rules that the tables about the policy speak of."""

from __future__ import annotations

from dataclasses import replace

from mxward.domains import Domains
from mxward.model import (
    NOT_ASKED,
    Arrival,
    ConfirmedNames,
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
from mxward.networks import Networks, address, network

NOW = 1_800_000_000.0
OWN = address("192.0.2.25")
NONE = Networks()


def exchange(preference: int, name: str, *addresses: str, scanner: str | None = None) -> Exchange:
    return Exchange(preference, name, tuple(map(address, addresses)), scanner)


def door(
    *exchanges: Exchange,
    egress: Networks = NONE,
    former: Networks = NONE,
    held: Networks = NONE,
    missing: str = "",
) -> FrontDoor:
    kind, _, name = missing.partition(" ")
    unknown = (Question(Kind(kind), name),) if missing else ()
    return FrontDoor(Known.FOUND, exchanges, egress, former, held, unknown)


EGRESS = Networks.of("198.51.100.0/24", "2a00:1::/64")
CLEAN = exchange(10, "mx1.clean.example", "62.4.5.6", "2a00:1::25", scanner="clean")
V4_ONLY = exchange(10, "mx1.clean.example", "62.4.5.6", scanner="clean")
UNKNOWN = exchange(10, "mx1.clean.example", scanner="clean")
SECOND = exchange(20, "mx.shield.example", "62.9.9.9", scanner="shield")
PRIVATE = exchange(10, "mx1.clean.example", "10.9.9.9", scanner="clean")
OURS = exchange(20, "mail.provider.example", "192.0.2.25")
MAILBOXES = exchange(10, "aspmx.mailboxes.example", "62.7.7.7")
MAILBOXES_V6 = exchange(10, "aspmx.mailboxes.example", "2a00:7::1")
UNSEEN = exchange(20, "mx.it.co.za")

DOORS = {
    "scanner": door(CLEAN, egress=EGRESS),
    "two scanners": door(CLEAN, SECOND, egress=EGRESS),
    "own": door(OURS),
    "own, scanner": door(CLEAN, OURS, egress=EGRESS),
    "no scanner": door(MAILBOXES),
    "none": FrontDoor(Known.ABSENT),
    "failed": FrontDoor(Known.FAILED, missing=(Question(Kind.MX, "it.co.za"),)),
    "not asked": NOT_ASKED,
    "changing": door(CLEAN, egress=EGRESS, former=Networks.of("4.3.90.0/24")),
    "changed": replace(door(MAILBOXES), also=("clean",)),
    "too wide": door(CLEAN, egress=EGRESS, held=Networks.of("4.0.0.0/8")),
    "no SPF": door(CLEAN, egress=EGRESS, missing="TXT spf.clean.example"),
    "no A": door(UNKNOWN, egress=EGRESS, missing="A mx1.clean.example"),
    "no AAAA": door(V4_ONLY, egress=EGRESS, missing="AAAA mx1.clean.example"),
    "AAAA only": door(UNKNOWN, egress=EGRESS, missing="AAAA mx1.clean.example"),
    "no host": door(MAILBOXES, UNSEEN, missing="A mx.it.co.za"),
    "no host v6": door(MAILBOXES, missing="AAAA aspmx.mailboxes.example"),
    "no host v4": door(MAILBOXES_V6, missing="A aspmx.mailboxes.example"),
    "moved, no SPF": door(MAILBOXES, missing="TXT spf.clean.example"),
    "private": door(PRIVATE, egress=EGRESS),
}

NOBODY = ConfirmedNames(Known.ABSENT)
CLIENTS = {
    "stranger": ("4.3.90.120", NOBODY),
    "stranger v6": ("2001:db8::bad", NOBODY),
    "MX host": ("62.4.5.6", NOBODY),
    "egress": ("198.51.100.7", NOBODY),
    "egress v6": ("2a00:1::7", NOBODY),
    "second MX": ("62.9.9.9", NOBODY),
    "printer": ("192.0.2.7", NOBODY),
    "printer, over": ("192.0.2.8", NOBODY),
    "branch": ("4.3.90.5", ConfirmedNames(Known.FOUND, ("gw.branch.example",))),
    "branch, unsure": ("4.3.90.5", ConfirmedNames(Known.FAILED)),
    "branch, unasked": ("4.3.90.5", ConfirmedNames()),
    "no branch": ("4.3.90.5", ConfirmedNames(Known.FOUND, ("gwbranch.example", "branch.example"))),
    "anna": ("4.3.90.120", NOBODY),
    "clean by TLS": ("4.3.90.120", NOBODY),
    "shield by TLS": ("4.3.90.120", NOBODY),
    "partner": ("4.3.90.120", NOBODY),
    "partner, unsure": ("4.3.90.120", ConfirmedNames(Known.FAILED)),
    "other by TLS": ("4.3.90.120", NOBODY),
}
CERTIFICATES = {
    "clean by TLS": ("pool.example", "out7.eu.clean.example"),
    "shield by TLS": ("out.shield.example",),
    "partner": ("relay.partner.example",),
    "partner, unsure": ("relay.partner.example",),
    "other by TLS": ("clean.example", "outclean.example", "out.shield.example.org"),
}

BASE = Rules(
    inventory=Domains(["it.co.za", "*.it.co.za", "fass.example", "localnet"]),
    scanners={
        "clean": Scanner(
            "clean", mx=("clean.example",), egress=EGRESS, certificates=("*.clean.example",)
        ),
        "shield": Scanner(
            "shield",
            mx=("shield.example",),
            addresses=Networks.of("10.1.0.0/24"),
            certificates=("mx.shield.example", "out.shield.example"),
        ),
    },
    own=frozenset({OWN}),
    client_told=True,
)
BRANCH = Trust("ben", "branch office", name="*.branch.example")
PARTNER = Trust("ben", "partner", certificate="*.partner.example")
TRUST = (
    Trust("anna", "printer", network("192.0.2.7/32"), recipients=Domains(["it.co.za"])),
    Trust("anna", "old printer", network("192.0.2.8/32"), expires=NOW),
)
RULES = {
    "observe": replace(BASE, trust=TRUST),
    "defer": replace(BASE, stage=Stage.DEFER, trust=TRUST),
    "refuse": replace(BASE, stage=Stage.REFUSE, trust=TRUST),
    "reroute": replace(BASE, stage=Stage.REROUTE, trust=TRUST),
    "rehearse reroute": replace(BASE, rehearsed=Stage.REROUTE, trust=TRUST),
    "refuse, names": replace(BASE, stage=Stage.REFUSE, trust=(BRANCH,)),
    "observe, names": replace(BASE, trust=(BRANCH,)),
    "refuse, partner": replace(BASE, stage=Stage.REFUSE, trust=(BRANCH, PARTNER)),
    "refuse, partner, over": replace(
        BASE, stage=Stage.REFUSE, trust=(replace(PARTNER, expires=NOW),)
    ),
    "observe, untold": replace(BASE, client_told=False),
    "refuse, untold": replace(BASE, stage=Stage.REFUSE, client_told=False),
    "one refuses": replace(BASE, stages={"it.co.za": Stage.REFUSE}),
}


def arrival(client: str, recipient: str, sender: str = "e-cards@hallmark.com") -> Arrival:
    where, names = CLIENTS[client]
    authenticated = client if client == "anna" else None
    shown = CERTIFICATES.get(client, ())
    return Arrival(
        address(where), OWN, "hallmark.com", sender, recipient, authenticated, names, shown
    )
