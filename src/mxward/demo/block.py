"""Where everybody in the miniature internet lives: one 127.x.y block for each run.

Several demos can run at once, because each picks a block of its own. Every server of mail listens
on the same port, as on the real internet all of them listen on port 25, which takes root.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

__all__ = ["HOSTS", "Block", "candidates"]

HOSTS = {
    "mxward": 26,  # where mxward's rerouted mail comes from
    "dns": 53,
    "mail": 91,  # the mail server's public address: here mxward listens
    "mailboxes": 92,  # the mail server behind it, told of clients by PROXY
    "mailboxes_plain": 93,  # the same, told nothing
    "clean1": 10,  # cleanmail's MX hosts; it delivers from `cleanmail`
    "clean2": 11,
    "clean_down": 12,  # an MX host of cleanmail's where nothing listens
    "cleanmail": 20,
    "pure1": 30,
    "puremail": 40,
    "bigmail": 60,  # a mailbox host, which is no scanner
    "printer": 9,
    "crm": 8,
    "anna": 77,  # writes honest mail
    "worm": 120,
    "stranger": 99,  # looks for an open relay
}
"""The last number of everybody's address."""


@dataclass(frozen=True, slots=True)
class Block:
    """The addresses and ports of one run."""

    prefix: str  # "127.84.19"
    smtp: int
    dns: int

    def __getitem__(self, host: str) -> str:
        """The address of one of HOSTS. Raises KeyError."""
        return f"{self.prefix}.{HOSTS[host]}"

    def addresses(self) -> dict[str, str]:
        """The addresses of all, by who lives there."""
        return {host: self[host] for host in HOSTS}

    def who(self, address: str) -> str:
        """Who lives at an address, or the address where nobody does."""
        return next((host for host in HOSTS if self[host] == address), address)

    def named(self, address: str) -> str:
        """An address as a transcript shows it: `worm (127.84.19.120)`."""
        who = self.who(address)
        return address if who == address else f"{who} ({address})"


def candidates(random: Random, tries: int = 20) -> Iterator[Block]:
    """Blocks to try, one after the other: first on ports that read well, then on any."""
    for attempt in range(tries):
        prefix = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}"
        if attempt < 3:
            yield Block(prefix, 2525, 5300)
        else:
            smtp = random.randrange(10_000, 30_000)
            yield Block(prefix, smtp, smtp + 1)
