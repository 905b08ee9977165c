"""What keeps the fast path in step, put together for `mxward intercept watch`.

The operator's word in the store is not listened to: neither trust nor stages change who goes past.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from mxward.cli.inquiry import Inquiry
from mxward.config import Config
from mxward.intercept.sweep import Sweep
from mxward.inventory import Inventory
from mxward.model import Rules

__all__ = ["sweep"]


def sweep(config: Config, tell: Callable[[str], None]) -> asyncio.Task[None]:
    """Begin to sweep. Raises ConfigError: no inventory to read, no DNS server to ask."""
    inventory = Inventory(config.inventory, config.place("inventory"))
    inquiry = Inquiry(config, inventory.read().domains)
    if inquiry.remark:
        tell(f"fast path: {inquiry.remark}")
    rules = inquiry.rules

    def in_force() -> Rules:
        nonlocal rules
        news = inventory.poll(time.monotonic())
        if news is not None and not news.refused:
            rules = replace(rules, inventory=news.domains)
        elif news is not None:
            tell(f"fast path: {news.refused}")
        return rules

    return asyncio.create_task(Sweep(inquiry.doors, in_force, tell).run())
