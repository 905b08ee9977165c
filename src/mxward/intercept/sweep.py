"""Keeps those who may go past mxward in step with the DNS and the inventory.

Every domain is looked up, again and again, as far as its answers have expired. What fails changes
nothing: a front door that was known stays what it was, and while more domains than a few were never
found, nobody is added or taken away. Only the kernel's set is written, in one transaction.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import islice

from mxward.domains import Domains
from mxward.intercept import loaded, switch
from mxward.intercept.fast_path import MOST, Bypass, bypass
from mxward.intercept.kernel import KernelError
from mxward.intercept.loaded import Standing
from mxward.lookup.doors import Doors
from mxward.model import FrontDoor, Rules

__all__ = ["Sweep"]

EVERY = 5.0
"""Seconds between two sweeps; ten times as long as one has taken, if that is more."""
_AT_ONCE = 32  # domains that are looked up at the same time
_FEW = 0.02
"""The part of the domains that may be unknown: among many, some always are."""

_WILDCARDS = (
    "fast path: nobody goes past mxward: the inventory has wildcards (*.example.com), and what is "
    "behind one cannot be looked up; name the domains"
)


class Sweep:
    """`rules` gives what is in force, with the inventory of the moment; `tell` takes a line."""

    def __init__(
        self, doors: Doors, rules: Callable[[], Rules], tell: Callable[[str], None]
    ) -> None:
        self._doors = doors
        self._rules = rules
        self._tell = tell
        self._told = ""

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            begun = time.monotonic()
            await self.once()
            await asyncio.sleep(max(EVERY, 10 * (time.monotonic() - begun)))

    async def once(self) -> None:
        """Look, and write what has changed."""
        rules = self._rules()
        if any(name.startswith("*.") for name in rules.inventory):
            await self._write(Bypass((), 0, 0, 0), _WILDCARDS)
            return
        doors = await self._find(rules.inventory)
        found = await asyncio.to_thread(bypass, doors, rules, time.time())
        if found.unknown > _FEW * found.domains:
            self._say(
                f"fast path: left as it is, for the front doors of {found.unknown:,} of "
                f"{found.domains:,} domains are not known"
            )
            return
        await self._write(found, _in_words(found))

    async def _write(self, found: Bypass, words: str) -> None:
        try:
            if await asyncio.to_thread(_written, found):
                self._say(words)
        except KernelError as error:  # tried again with the next sweep
            self._say(f"fast path: {error}")

    async def _find(self, inventory: Domains) -> list[tuple[str, FrontDoor]]:
        """The front doors of all domains."""
        found: list[tuple[str, FrontDoor]] = []
        names = iter(inventory)
        while some := list(islice(names, _AT_ONCE)):
            doors = await asyncio.gather(*map(self._doors.find, some))
            found += zip(some, doors, strict=True)
            await asyncio.sleep(0)  # the watchdog has its turn
        return found

    def _say(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._tell(text)


def _written(found: Bypass) -> bool:
    """Whether rules with a fast path are in force; the set is written if it is another."""
    if loaded.read().standing not in (Standing.UP, Standing.LIFTED):
        return False
    before = {str(each) for each in loaded.front_doors()}
    if before != {str(net).removesuffix(f"/{net.max_prefixlen}") for net in found.networks}:
        switch.bypass(found.networks)
    return True


def _in_words(found: Bypass) -> str:
    number = len(found.networks)
    who = f"{number:,} address{'es' if number != 1 else ''} and networks go past mxward"
    if number == MOST:
        return f"fast path: {who}, the most that may; the others are intercepted"
    return f"fast path: {who}: they are the front door of all {found.fronted:,} fronted domains"
