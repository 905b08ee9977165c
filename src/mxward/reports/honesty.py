"""Is this client of the back door honest mail, or not? Told by signs, each shown to the operator.

There is no proof in a log. Signs add up, and each is shown with its weight, so that a person can
disagree; in doubt a client counts as honest, for honest mail that is lost costs more than a worm
that is let in for another week. Nothing here decides about mail: it is for reports and proposals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from mxward import networks
from mxward.domains import Domains, normal

__all__ = ["Client", "Helo", "Sign", "judged_honest", "lies", "signs"]


class Helo(NamedTuple):
    """What a client has called itself, and for how many recipients."""

    name: str
    recipients: int


@dataclass(frozen=True, slots=True)
class Client:
    """What the logs tell of one client of the back door."""

    client: str
    name: str | None  # forward-confirmed; "" is none, None is not asked
    recipients: int
    messages: int
    days: int  # on which it was seen
    first_at: datetime
    last_at: datetime
    sender_domains: int
    domains: int  # of recipients
    smallest: int | None  # octets
    largest: int | None
    with_tls: int  # recipients; with and without are both 0 where the log does not tell
    without_tls: int
    authenticated: int  # recipients of mail for which it has authenticated
    rejected: int  # attempts that were answered 5xx
    trusted: int  # recipients for whom it is trusted already
    helos: tuple[Helo, ...] = ()
    lying: tuple[str, ...] = ()  # the HELOs that lie


class Sign(NamedTuple):
    """One sign, with its weight: above zero for honest mail, below zero against."""

    weight: int
    text: str


def signs(client: Client) -> tuple[Sign, ...]:
    """All signs that the logs give of a client, the weightiest first."""
    found = [*_for(client), *_against(client)]
    return tuple(sorted(found, key=lambda sign: (-abs(sign.weight), sign.text)))


def judged_honest(found: Iterable[Sign]) -> bool:
    """Whether the signs make it likely honest."""
    return sum(sign.weight for sign in found) >= 0


def _for(client: Client) -> Iterable[Sign]:
    if client.authenticated:
        yield Sign(4, "authenticates at other times")
    if client.trusted:
        yield Sign(4, "trusted already")
    if client.name:
        yield Sign(2, f"its name leads back to it ({client.name})")
        if any(helo.name.lower().rstrip(".") == client.name.lower() for helo in client.helos):
            yield Sign(1, "calls itself by that name")
    if client.with_tls > client.without_tls:
        yield Sign(1, "uses TLS")
    if client.days >= 7:
        yield Sign(3, f"seen on {client.days} days")
    elif client.days >= 3:
        yield Sign(2, f"seen on {client.days} days")


def _against(client: Client) -> Iterable[Sign]:
    if client.lying:
        yield Sign(-4, f"its HELO lies ({client.lying[0]})")
    if client.name == "":
        yield Sign(-1, "no name leads back to it")
    if client.rejected > client.messages:
        yield Sign(-2, f"was rejected {client.rejected} times")
    if client.days == 1:
        yield Sign(-1, "seen on one day")
    if client.messages >= 5:
        if client.sender_domains * 2 > client.messages:
            yield Sign(-2, f"{client.sender_domains} sender domains in {client.messages} messages")
        if client.smallest is not None and client.smallest == client.largest:
            yield Sign(-2, f"all messages of the same size ({client.largest} octets)")
    if client.domains >= 10 and client.days < 3:
        yield Sign(-1, f"writes to {client.domains} domains at once")


def lies(helo: str, client: str, name: str | None, inventory: Domains) -> bool:
    """Whether a HELO is certainly untrue (RFC 5321 4.1.1.1 asks for the client's own name).

    It is where it is an address literal of another address, or a domain of the operator's own.
    """
    text = helo.strip()
    literal = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        said = networks.address(literal.lower().removeprefix("ipv6:"))
    except ValueError:
        pass
    else:
        return str(said) != client
    try:
        domain = normal(text)
    except ValueError:
        return False  # nonsense, but no lie
    if name and domain == name.lower().rstrip("."):
        return False
    return any(parent in inventory for parent in (domain, domain.partition(".")[2]) if parent)
