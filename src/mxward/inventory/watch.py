"""The inventory over time: what is in force, and what of it is news."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from mxward.config import ConfigError, InventorySettings, Problem
from mxward.domains import Domains
from mxward.inventory.command import run
from mxward.inventory.files import Failed, Signature, list_files, read_file, signature
from mxward.inventory.lines import Lines

__all__ = ["Inventory", "Reading"]

_SETTLED = 2.0
"""Seconds that files must look the same before they are read: slow writers pause for less."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading the lists once.

    `domains` are those in force now. Where `refused` is not empty it says why what was read is not
    applied, and they are still those of the last good reading.
    """

    domains: Domains = field(default_factory=Domains)
    refused: str = ""
    unusable: int = 0  # lines that are no domain
    samples: tuple[str, ...] = ()  # the first of them, with their places


class Inventory:
    """Reads the lists, and watches them."""

    def __init__(self, settings: InventorySettings, place: str = "mxward.toml") -> None:
        """`place` is where the configuration names the lists: `config.place("inventory")`."""
        self._settings = settings
        self._place = place
        self._good: Domains | None = None
        self._read: Signature = ()  # the files as they were when read
        self._seen: Signature = ()  # and as the last poll saw them
        self._seen_since = -math.inf
        self._command_due: float | None = None

    def read(self) -> Reading:
        """Read everything now. Raises ConfigError where there is no last good reading to keep.

        Without any list configured there are no domains, and that is no mistake.
        """
        self._read = signature(self._settings.files)
        lines = Lines(self._good.spelled) if self._good else Lines()
        try:
            self._gather(lines)
            self._believe(lines)
        except Failed as failure:
            if self._good is None:
                problem = Problem(self._place, f"inventory: {failure}")
                raise ConfigError([problem]) from None
            return Reading(self._good, str(failure), lines.unusable, tuple(lines.samples))
        self._good = lines.domains()
        return Reading(self._good, "", lines.unusable, tuple(lines.samples))

    def poll(self, now: float) -> Reading | None:
        """Read again where files have changed or the command is due; None where all is as it was.

        `now` is in seconds of any clock that only goes forward. Nothing is read, and the command
        waits too, until the files have looked the same in all polls of two seconds: while somebody
        still writes one, it is left alone. (The times of files are not compared with a clock: on a
        network file system they are another machine's.)
        """
        if self._command_due is None:
            self._command_due = now + self._settings.every
        command_due = bool(self._settings.command) and now >= self._command_due
        changed = self._look(now) != self._read
        if not (command_due or changed) or now - self._seen_since < _SETTLED:
            return None
        if command_due:
            self._command_due = now + self._settings.every
        return self.read()

    def _look(self, now: float) -> Signature:
        """The files as they are now; notes since when."""
        seen = signature(self._settings.files)
        if seen != self._seen:
            self._seen, self._seen_since = seen, now
        return seen

    def _gather(self, lines: Lines) -> None:
        for path in list_files(self._settings.files):
            lines.add(read_file(path), path)
        if self._settings.command:
            lines.add(run(self._settings.command), self._settings.command[0])

    def _believe(self, lines: Lines) -> None:
        """Raise Failed where a list that was read is not to be believed."""
        found = len(lines.exact) + len(lines.below)
        if not found and self._settings:
            sample = f" ({lines.samples[0]})" if lines.samples else ""
            raise Failed(f"not one domain in it{sample}")
        if self._good is not None and found * 2 < len(self._good):
            raise Failed(
                f"shrank from {len(self._good):,} to {found:,} domains; restart mxward if it should"
            )
