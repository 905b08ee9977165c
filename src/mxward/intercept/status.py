"""How interception stands, for people and programs."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from mxward.config import InterceptSettings
from mxward.intercept import loaded, routes
from mxward.intercept.loaded import Loaded
from mxward.intercept.plan import Plan, plan
from mxward.intercept.probe import probe
from mxward.intercept.report import Report

__all__ = ["Status", "status"]


@dataclass(frozen=True, slots=True)
class Status:
    """What the configuration wants, what the kernel has, and what of the proxy is seen from here.

    `why_silent` is empty where the proxy answers; `report` is None where no watchdog runs.
    """

    plan: Plan | None
    found: Loaded
    routed: bool
    under_way: int
    front_doors: int
    why_silent: str
    report: Report | None

    @property
    def as_configured(self) -> bool:
        """Whether the kernel has what the configuration wants, watchdog aside."""
        if self.plan is None:
            return not self.found.rules
        return self.routed and self.found.is_as(self.plan)


def status(settings: InterceptSettings) -> Status:
    """Ask the kernel, the proxy, and the watchdog's file. Raises KernelError."""
    wanted, found = plan(settings), loaded.read()
    return Status(
        plan=wanted,
        found=found,
        routed=_routed(wanted),
        under_way=loaded.under_way(settings.listen_port),
        front_doors=len(loaded.front_doors()) if found.rules else 0,
        why_silent=asyncio.run(probe(settings.listen_port)),
        report=Report.read(Path(settings.state), time.time()),
    )


def _routed(plan: Plan | None) -> bool:
    return plan is not None and all(
        routes.in_force(plan, loaded.routing_rules(version)) for version in plan.families
    )
