"""What `mxward lockdown dns` asks of the DNS: of the resolver for all, of the primary once more for
what would be changed, for a resolver says only what is left of the time that records last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mxward.audit.premises import Premises
from mxward.cli.audit_asking import rounds
from mxward.cli.audit_networks import expanded
from mxward.cli.exact_texts import exact_texts
from mxward.cli.progress import counting
from mxward.config import Config, ConfigError, Problem
from mxward.lockdown.dns.looked import Filed, Looked
from mxward.lockdown.dns.looking import look
from mxward.lockdown.dns.primary import at_primary, record_questions, without_gone
from mxward.lookup.bulk import Bulk, Replies
from mxward.lookup.stub import Stub
from mxward.model import Kind, Question

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
        every = await _again(primary, config, every, whole)
    return Asked(await _texts(every, config, primary), named)


def _stub(config: Config) -> Stub:
    servers = [(end.host, end.port) for end in config.dns.servers] or None
    try:
        return Stub(servers, config.dns.timeout)
    except ValueError as error:
        text = f'dns.servers: {error}; write servers = ["127.0.0.1:53"]'
        raise ConfigError([Problem(config.place("dns", "servers"), text)]) from None


async def _texts(
    every: Sequence[Looked], config: Config, primary: tuple[str, int] | None
) -> list[Looked]:
    """With those TXT records that the look-ups could not tell exactly."""
    servers = [primary] if primary else [(end.host, end.port) for end in config.dns.servers]
    lacking = [looked.domain for looked in every if looked.zone and looked.txt is None]
    if not lacking:
        return list(every)
    exact = await exact_texts(servers or None, config.dns.timeout, lacking)
    return [
        replace(looked, txt=exact[looked.domain]) if looked.domain in exact else looked
        for looked in every
    ]


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
    primary: tuple[str, int], config: Config, every: Sequence[Looked], premises: Premises
) -> list[Looked]:
    """The records that may be changed, as the primary has them now."""
    by_domain = {looked.domain: looked for looked in every}
    wanted = [looked.domain for looked in every if looked.zone and not looked.why]

    def heard(domain: str, replies: Replies) -> None:
        by_domain[domain] = at_primary(by_domain[domain], replies, premises)

    stub = Stub([primary], config.dns.timeout)
    try:
        with counting("domains at the primary") as progress:
            await Bulk(stub).each(
                wanted,
                lambda domain: record_questions(by_domain[domain], premises.label),
                heard,
                progress,
            )
    finally:
        stub.close()
    return without_gone(every, [by_domain[looked.domain] for looked in every])
