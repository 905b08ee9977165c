"""Interception is put into force, lifted, and ended."""

from __future__ import annotations

from collections.abc import Iterable

from mxward.intercept import kernel, loaded, nftables, routes
from mxward.intercept.kernel import KernelError, NotThere
from mxward.intercept.loaded import Standing
from mxward.intercept.plan import Plan
from mxward.networks import Address, Network

__all__ = ["bypass", "clear", "end", "lead", "lift", "restore", "routed", "up"]

_VERSIONS = (4, 6)


def up(plan: Plan) -> None:
    """Put a plan into force, whatever was in force before; connections under way go on.

    What the fast path lets through stays. Raises KernelError: then all is as it was.
    """
    before = loaded.read().standing
    kept = loaded.front_doors() if plan.fast_path and before is not Standing.DOWN else []
    try:
        for version in plan.families:
            for command in routes.missing(plan, version, loaded.routing_rules(version)):
                kernel.run(*command)
        kernel.nft(nftables.ruleset(plan, kept))
    except KernelError:
        if before is Standing.DOWN:
            _unroute()
        raise
    for version in _VERSIONS:
        for command in routes.commands(plan, version, loaded.routing_rules(version)):
            kernel.run(*command)


def bypass(front_doors: Iterable[Address | Network]) -> None:
    """Let these clients past mxward, and no others any more, in one transaction.

    Only where a plan with a fast path is in force. Raises KernelError: then all is as it was.
    """
    kernel.nft(nftables.fast_path(front_doors))


def lift() -> None:
    """Divert no new connection, until `restore`. Raises KernelError."""
    kernel.nft(nftables.lifted())


def restore(plan: Plan) -> None:
    """Divert again after `lift`. Raises KernelError."""
    kernel.nft(nftables.restored(plan))


def end() -> bool:
    """Divert no new connection any more; those under way go on until `clear`.

    False where nothing of ours is there. Raises KernelError.
    """
    standing = loaded.read().standing
    if standing in (Standing.UP, Standing.LIFTED):
        kernel.nft(nftables.remainder())
    return standing is not Standing.DOWN or routed()


def lead(plan: Plan) -> bool:
    """Put back routing rules that somebody has removed, and their routes; whether any was missing.

    Raises KernelError.
    """
    commands: list[routes.Command] = []
    for version in plan.families:
        rules = loaded.routing_rules(version)
        if not routes.in_force(plan, rules):
            commands += routes.missing(plan, version, rules)
    for command in commands:
        kernel.run(*command)
    return bool(commands)


def clear() -> None:
    """Take away all that is ours, and nothing else. Raises KernelError."""
    kernel.nft(nftables.ENDED)
    _unroute()


def routed() -> bool:
    """Whether any routing rule of ours is there. Raises KernelError."""
    return any(routes.removing(v, loaded.routing_rules(v)) for v in _VERSIONS)


def _unroute() -> None:
    for version in _VERSIONS:
        for command in routes.removing(version, loaded.routing_rules(version)):
            try:
                kernel.run(*command)
            except NotThere:  # half of it was taken away by somebody
                continue
