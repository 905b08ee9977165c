"""The records of one name and type, and a change of them."""

from __future__ import annotations

from typing import NamedTuple

from mxward.lockdown.dns.spelling import owner, spelled

__all__ = ["Change", "Records", "lowered"]

_LONGEST_TTL = 2**31 - 1  # RFC 2181 8


class Records(NamedTuple):
    """All records of a name and type (RFC 2181 5), the values in order."""

    name: str  # in its normal spelling; `*.` before it for a wildcard
    kind: str
    ttl: int
    values: tuple[str, ...]


class Change(NamedTuple):
    """The records of a name and type, as they were and as they become; no values: none of them."""

    name: str
    kind: str
    was: tuple[str, ...]
    becomes: tuple[str, ...]
    was_ttl: int
    ttl: int

    @property
    def back(self) -> Change:
        """The way back."""
        return Change(self.name, self.kind, self.becomes, self.was, self.ttl, self.was_ttl)

    @property
    def same(self) -> tuple[object, ...]:
        """What makes it the same change, whatever a resolver says of how long records last."""
        return self.name, self.kind, self.was, self.becomes

    def check(self) -> Change:
        """This, where all of it can be written. Raises ValueError."""
        owner(self.name)
        for value in (*self.was, *self.becomes):
            spelled(self.kind, value)
        if not (0 <= self.was_ttl <= _LONGEST_TTL and 0 <= self.ttl <= _LONGEST_TTL):
            raise ValueError(f"{self.name}: a TTL that is none")
        return self


def lowered(change: Change, ttl: int) -> tuple[Change | None, Change]:
    """What makes the records last no longer than `ttl` first, where they last longer; and the
    change as it is after that.
    """
    if not change.was or change.was_ttl <= ttl:
        return None, change
    first = Change(change.name, change.kind, change.was, change.was, change.was_ttl, ttl)
    return first, change._replace(was_ttl=ttl, ttl=min(change.ttl, ttl))
