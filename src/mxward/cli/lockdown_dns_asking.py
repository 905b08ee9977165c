"""What `mxward lockdown dns` asks of the DNS: of the resolver for all, of the primary once more for
what would be changed, for a resolver says only what is left of the time that records last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mxward.audit.premises import Premises
from mxward.cli.audit_asking import rounds
from mxward.cli.audit_networks import expanded
from mxward.cli.progress import counting
from mxward.config import Config, ConfigError, Problem
from mxward.lockdown.dns.records import Records
from mxward.lockdown.dns.uses import Filed, Looked, as_answered, look
from mxward.lookup.bulk import Bulk, Replies
from mxward.lookup.stub import Stub
from mxward.model import Answer, Kind, Known, Question

__all__ = ["Asked", "ask"]


@dataclass(slots=True)
class Asked:
    """What was found of the domains, in their order; and the answers about one more name."""

    looked: list[Looked]
    named: Replies


async def ask(
    config: Config,
    premises: Premises,
    domains: Sequence[str],
    filed: Filed,
    primary: tuple[str, int] | None,
    name: str,
) -> Asked:
    """Ask everything. Raises ConfigError where there is no server to ask, and NoAnswers."""
    stub = _stub(config)
    try:
        bulk = Bulk(stub)
        networks = await expanded(bulk, premises.services, config)
        whole = replace(
            premises,
            services=premises.services.knowing(networks.services),
            egress=networks.scanners,
        )
        found: dict[str, Looked] = {}

        def done(looked: Looked) -> None:
            if looked.asks:
                looked = Looked(looked.domain, why="it leads on and on", unsure=True)
            found[looked.domain] = looked

        with counting("domains") as progress:
            await rounds(bulk, domains, lambda d, f: look(d, f, whole, filed), done, progress)
        named: Replies = {}
        if name:
            await _of_name(primary, config, bulk, name, named)
    finally:
        stub.close()
    every = [found[domain] for domain in domains]
    if primary is not None:
        every = await _again(primary, config, every, premises.label)
    return Asked(every, named)


def _stub(config: Config) -> Stub:
    servers = [(end.host, end.port) for end in config.dns.servers] or None
    try:
        return Stub(servers, config.dns.timeout)
    except ValueError as error:
        text = f'dns.servers: {error}; write servers = ["127.0.0.1:53"]'
        raise ConfigError([Problem(config.place("dns", "servers"), text)]) from None


async def _of_name(
    primary: tuple[str, int] | None, config: Config, bulk: Bulk, name: str, into: Replies
) -> None:
    """Whether the new name is there already."""
    asks = [Question(kind, name) for kind in (Kind.A, Kind.AAAA)]
    asks.append(Question(Kind.TLSA, f"_25._tcp.{name}"))
    if primary is None:
        await bulk.ask(asks, into)
        return
    stub = Stub([primary], config.dns.timeout)
    try:
        await Bulk(stub).ask(asks, into)
    finally:
        stub.close()


async def _again(
    primary: tuple[str, int], config: Config, every: Sequence[Looked], label: str
) -> list[Looked]:
    """The records that may be changed, as the primary has them now; a wildcard's by `label`."""
    by_domain = {looked.domain: looked for looked in every}
    wanted = [looked.domain for looked in every if looked.zone and not looked.why]
    stub = Stub([primary], config.dns.timeout)
    try:
        with counting("domains at the primary") as progress:
            await Bulk(stub).each(
                wanted,
                lambda domain: _questions(by_domain[domain], label),
                lambda domain, replies: by_domain.__setitem__(
                    domain, _exact(by_domain[domain], replies, label)
                ),
                progress,
            )
    finally:
        stub.close()
    return [by_domain[looked.domain] for looked in every]


def _questions(looked: Looked, label: str) -> Iterator[Question]:
    for pointing in looked.pointing:
        for records in pointing.records:
            yield _question(records, label)
    yield Question(Kind.TXT, looked.domain)


def _question(records: Records, label: str) -> Question:
    name = records.name
    return Question(Kind(records.kind), f"{label}{name[1:]}" if name[0] == "*" else name)


def _exact(looked: Looked, replies: Replies, label: str) -> Looked:
    """With the primary's times; where it says another thing, nothing is planned."""
    try:
        pointing = tuple(
            p._replace(records=tuple(_same(r, replies, label) for r in p.records))
            for p in looked.pointing
        )
        txt = looked.txt and _same(looked.txt, replies, label)
    except ValueError as error:
        return replace(looked, pointing=(), txt=None, why=str(error), unsure=True)
    return replace(looked, pointing=pointing, txt=txt)


def _same(records: Records, replies: Replies, label: str) -> Records:
    answer = replies.get(_question(records, label))
    if answer is None or answer.state is Known.FAILED:
        raise ValueError(f"the primary does not say {records.kind} {records.name}")
    is_txt = records.kind == "TXT"
    known = sorted(map(as_answered, records.values) if is_txt else records.values)
    if sorted(_values(records.kind, answer)) != known:
        raise ValueError(
            f"the primary says another thing than the resolver of {records.kind} {records.name}"
        )
    return records._replace(ttl=int(answer.ttl)) if records.values else records


def _values(kind: str, answer: Answer) -> tuple[str, ...]:
    led_on = answer.canonical and kind != "CNAME"
    return answer.values if answer.state is Known.FOUND and not led_on else ()
