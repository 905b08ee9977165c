"""The names of domains: one spelling for each, and sets of them.

A domain is compared as A-labels in lower case without a trailing dot (RFC 5890; mapped by UTS 46
as browsers and mail programs do), so that no spelling of it can change a decision. A recipient may
also hide its domain, and `of_recipient` says so: an address literal (RFC 5321 4.1.3), `%` or `!`
routing (RFC 5321 appendix F.2, RFC 976), a source route or another "@" inside the local part, a
domain that is no host name.
Supported: all that browsers and registries take for a name, emoji and underscores included.
Not supported: the narrower rules of IDNA 2008 (CONTEXTJ, Bidi); a name that breaks them is a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import idna

__all__ = ["HIDDEN", "Domains", "folded", "is_normal", "is_postmaster", "normal", "of_recipient"]

HIDDEN = ""
"""What `of_recipient` answers for a recipient that hides its domain."""

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_PLAIN = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+\Z){_LABEL}")
_SURE = re.compile(  # possessive, for inventories of a million names
    r"[a-z0-9_]++(?:-++[a-z0-9_]++)*+(?:\.[a-z0-9_]++(?:-++[a-z0-9_]++)*+)*+"
)
_ROUTED = re.compile(r"[%!@:]")
_LONGEST = 1_000  # characters: no spelling of a domain is longer
_JOINERS = dict.fromkeys((0x200C, 0x200D))


def normal(text: str) -> str:
    """The one spelling of a domain: A-labels, lower case, no trailing dot.

    Raises ValueError where it is no host name (empty, a label over 63 octets, all over 253, an
    address, ...). Underscores are let through: they occur in names of hosts that are in use.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"{len(text)} characters are no domain name")
    name = text.lower()
    if not name.isascii() or "xn--" in name:
        name = _a_labels(text)
    name = name.removesuffix(".")
    if len(name) > 253 or not _PLAIN.fullmatch(name):
        raise ValueError(f"{text!r} is no domain name")
    return name


@lru_cache(maxsize=4_096)
def _a_labels(text: str) -> str:
    try:
        labels = idna.uts46_remap(text, std3_rules=False).split(".")
        _check_lengths(labels)
        return ".".join(map(_a_label, labels))
    except UnicodeError as why:
        raise ValueError(f"{text!r} is no domain name: {why}") from why


def _check_lengths(labels: list[str]) -> None:
    """Raise where no name can come of it: Punycode is never shorter, and slow on what is long."""
    if max(map(len, labels)) > 63 or len(".".join(labels).removesuffix(".")) > 253:
        raise UnicodeError("longer than 63 characters a label, 253 in all")


def _a_label(label: str) -> str:
    """RFC 5890 2.3.2.1. An A-label that comes in must be the one spelling of what it stands for."""
    if not label.startswith("xn--"):
        return label if label.isascii() else _punycode(label)
    shown = label[4:].encode("ascii").decode("punycode")
    mapped = idna.uts46_remap(shown, std3_rules=False)
    if mapped != shown or _punycode(shown) != label:
        raise UnicodeError(f"{label!r} is no A-label")
    return label


def _punycode(label: str) -> str:
    return "xn--" + label.encode("punycode").decode("ascii")


def is_normal(text: str) -> bool:
    """Whether this is surely in its normal spelling: quick, and False where it takes a closer look.

    No label is too long where all of it has at most 63 characters.
    """
    return (
        len(text) <= 63
        and _SURE.fullmatch(text) is not None
        and not text[-1].isdigit()
        and "xn--" not in text
    )


@lru_cache(maxsize=64)  # asked more than once for each decision, and for the next one seldom
def of_recipient(mailbox: str) -> str:
    """The domain of a recipient's mailbox as RCPT named it, or HIDDEN where it hides it."""
    local, at, domain = mailbox.rpartition("@")
    if not at or _ROUTED.search(local):
        return HIDDEN
    return _normal_or_hidden(domain)


def folded(mailbox: str) -> str:
    """The domain as older rules read it, with ß as ss, final sigma as sigma, no joiners; or HIDDEN.

    Postfix looks domains up by Unicode's case folding, and the IDNA of 2003 did the same: there
    user@faß.example is user@fass.example. UTS 46 keeps the two apart.
    """
    return _normal_or_hidden(mailbox.rpartition("@")[2].casefold().translate(_JOINERS))


def _normal_or_hidden(domain: str) -> str:
    try:
        return normal(domain)
    except ValueError:
        return HIDDEN


def is_postmaster(mailbox: str) -> bool:
    """Whether this is the server's own: `Postmaster` without any domain (RFC 5321 4.5.1)."""
    return mailbox.lower() == "postmaster"


class Domains:
    """An immutable set of domains; `*.example.com` stands for everything below example.com."""

    __slots__ = ("_below", "_exact")

    def __init__(self, names: Iterable[str] = ()) -> None:
        every = tuple(names)
        self._exact = _spellings(normal(name) for name in every if not name.startswith("*."))
        self._below = frozenset(normal(name[2:]) for name in every if name.startswith("*."))

    @classmethod
    def of_normal(cls, exact: Iterable[str], below: Iterable[str]) -> Domains:
        """Make a set from names in their normal spelling: whole ones, and the NAME of `*.NAME`."""
        made = cls()
        made._exact, made._below = _spellings(exact), frozenset(below)
        return made

    def spelled(self, domain: str) -> str:
        """The same domain, by the object that is kept here where it is a whole name of these.

        Who keeps something for each of a million domains then has no names of its own to keep.
        """
        return self._exact.get(domain, domain)

    def __contains__(self, domain: str) -> bool:
        """Whether a domain, already in its normal spelling, is a member."""
        if domain in self._exact:
            return True
        return bool(self._below) and any(parent in self._below for parent in parents(domain))

    def __len__(self) -> int:
        return len(self._exact) + len(self._below)

    def __iter__(self) -> Iterator[str]:
        yield from sorted(self._exact)
        yield from (f"*.{name}" for name in sorted(self._below))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Domains)
            and self._exact == other._exact
            and self._below == other._below
        )

    def __hash__(self) -> int:
        return hash((frozenset(self._exact), self._below))


def _spellings(names: Iterable[str]) -> dict[str, str]:
    """A set of names that can give them back: as small, and nothing to the garbage collector."""
    return {name: name for name in names}


def parents(domain: str) -> Iterator[str]:
    """The domains above this one, nearest first: a.b.c -> b.c, c."""
    _, dot, rest = domain.partition(".")
    while dot:
        yield rest
        _, dot, rest = rest.partition(".")
