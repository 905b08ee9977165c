"""Declared egress that no longer matches what the vendor publishes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mxward.audit.codes import Code
from mxward.audit.findings import Finding
from mxward.audit.premises import Premises
from mxward.networks import Network, Networks, collapsed

__all__ = ["drift"]

_SAMPLES = 40


def drift(premises: Premises, published: Mapping[str, Networks | None]) -> Iterator[Finding]:
    """By declared scanner; `published` is None where it could not be looked up."""
    for name, networks in published.items():
        declared = premises.scanners[name].egress
        if networks is None or not networks or not declared:
            continue
        stale = _without(declared, networks)
        new = _without(networks, declared)
        if not stale and not new:
            continue
        evidence = [f"declared, and not published: {net}" for net in stale]
        evidence += [f"published, and not declared: {net}" for net in new]
        text = (
            f"scanners.{name}.egress: {len(stale)} networks that its vendor does not publish, "
            f"{len(new)} that it publishes and that are not declared; SPF lists who sends, so ask "
            "your own log which of them deliver"
        )
        yield Finding(Code.EGRESS, name, text, evidence=tuple(evidence[:_SAMPLES]))


def _without(some: Iterable[Network], covered: Networks) -> list[Network]:
    """Those that are not within the others; touching networks count as one."""
    whole = collapsed(covered)
    return [net for net in some if not any(_inside(net, other) for other in whole)]


def _inside(net: Network, other: Network) -> bool:
    return (
        net.version == other.version
        and net.prefixlen >= other.prefixlen
        and net.network_address in other
    )
