"""What only several values together can show.

Each check is a function from a configuration to findings. One that rests on a key with mistakes is
left out by `sound`: what was refused is not there, and would only seem to be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mxward.config import (
    check_audit,
    check_entries,
    check_intercept,
    check_limits,
    check_metrics,
    check_server,
    check_tls,
)
from mxward.config.document import Config
from mxward.config.places import KeyPath
from mxward.config.problems import Finding, Sound, quoted, warning
from mxward.model import Stage

__all__ = ["check"]


def check(config: Config, refused: Sequence[KeyPath], now: float) -> list[Finding]:
    """What is wrong among values that are each right. `now`: seconds since the epoch."""

    def sound(*path: str | int) -> bool:
        return not any(each[: len(path)] == path for each in refused)

    checks = (
        *check_server.CHECKS,
        *check_tls.CHECKS,
        *check_limits.CHECKS,
        *check_metrics.CHECKS,
        *check_intercept.CHECKS,
        *_CHECKS,
        *check_entries.CHECKS,
        *check_audit.CHECKS,
    )
    found = [finding for each in checks for finding in each(config, sound)]
    over = (*check_entries.expired(config, now), *check_audit.waived_no_more(config, now))
    return [*found, *over]


def _inventory(config: Config, sound: Sound) -> Iterator[Finding]:
    if config.inventory or not sound("inventory"):
        return
    if "inventory" in config.model_fields_set:
        yield Finding(
            ("inventory",),
            'inventory: neither files nor command; write files = ["/etc/localdomains"]',
        )
    elif Stage.REROUTE in config.stages_in_force:
        where = config.key_of(Stage.REROUTE)
        yield Finding(
            where,
            f"{'.'.join(where)}: reroute without an inventory would make an open relay; "
            'write [inventory] with files = ["/etc/localdomains"]',
        )
    else:
        yield warning(
            (),
            "inventory: missing, so no domain is observed or enforced; "
            'write [inventory] with files = ["/etc/localdomains"]',
        )


def _stages(config: Config, sound: Sound) -> Iterator[Finding]:
    seen: dict[str, Stage] = {}
    for stage in Stage:
        for index, name in enumerate(getattr(config.stages, stage.value)):
            if name in seen:
                yield Finding(
                    ("stages", stage.value, index),
                    f"stages.{stage}: {quoted(name)} is in stages.{seen[name]} already; "
                    "leave one out",
                )
            seen.setdefault(name, stage)


def _fronted(config: Config, sound: Sound) -> Iterator[Finding]:
    """Only a domain that a known scanner fronts is enforced."""
    if config.enforces and not config.scanners and sound("scanners"):
        strictest = max(config.stages_in_force, key=list(Stage).index)
        where = config.key_of(strictest)
        yield warning(
            where,
            f"{'.'.join(where)}: nothing is enforced, for no scanner is declared; "
            'write [scanners.NAME] with mx = ["mx.example.net"]',
        )


_CHECKS = (_inventory, _stages, _fronted)
