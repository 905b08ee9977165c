"""Findings about names, and about records that hold a server where it is."""

from __future__ import annotations

from mxward.audit.codes import Code
from mxward.audit.front import Part
from mxward.audit.gathering import Gathered
from mxward.audit.leads import Why
from mxward.audit.premises import Premises
from mxward.audit.survey import Surveyed
from mxward.model import Kind

__all__ = ["gather"]


def gather(found: Surveyed, premises: Premises, gathered: Gathered) -> None:
    """What is to be said of a domain's names and records."""
    _of_names(found, gathered)
    _of_moving(found, premises, gathered)


def _of_names(found: Surveyed, gathered: Gathered) -> None:
    for name, target in found.dangling:
        text = f"names lead to {target}, which does not exist: who makes it gets what is sent there"
        gathered.add(Code.DANGLING, target, text, found.domain, f"{name} -> {target}")
    if found.wildcard:
        for candidate in found.candidates:
            if any(lead.why is Why.WILDCARD for lead in candidate.leads):
                server = str(candidate.address)
                text = f"any name below these domains leads to {server}"
                gathered.add(Code.WILDCARD, server, text, found.domain)
    if found.spf_broken:
        text = f"the SPF record of {found.domain}: {found.spf_broken}"
        gathered.add(Code.SPF_BROKEN, found.domain, text, found.domain)
    for question in found.failed:
        what = "the MX" if question.kind is Kind.MX else f"{question.kind} records"
        if question.kind in (Kind.A, Kind.AAAA):
            what = "addresses"
        text = f"{what} could not be looked up: what leads there is not known"
        told = f"{question.kind} {question.name}"
        gathered.add(Code.DNS, what, text, found.domain, told)


def _of_moving(found: Surveyed, premises: Premises, gathered: Gathered) -> None:
    for candidate in found.candidates:
        if not premises.is_mine(candidate.address):
            continue
        server = str(candidate.address)
        terms = [lead.label for lead in candidate.leads if lead.why is Why.SPF]
        for term in terms:
            text = f"SPF records name {server}: change them before it moves"
            gathered.add(Code.MOVE_SPF, server, text, found.domain, f"{found.domain}: {term}")
    if found.mta_sts and any(host.part is Part.OWN for host in found.hosts):
        for host in found.hosts:
            if host.part is Part.OWN:
                text = f"MTA-STS policies name {host.name}: change them before it moves"
                gathered.add(Code.MOVE_MTA_STS, host.name, text, found.domain)
    for host_name in found.tlsa:
        text = f"_25._tcp.{host_name} has TLSA records: change them before the server moves"
        gathered.add(Code.MOVE_TLSA, host_name, text, found.domain)
