"""Postfix's own main.cf and master.cf: read, and where our word belongs in a list of restrictions.

Read as postconf(5) says: lines that begin with white space go on, comments and empty lines do not
count; words stand apart by white space and commas, and what is in braces is one. A list of which it
cannot be told where ours belongs (it names others by `$`, or lets nobody by who has authenticated
before it rejects all) raises Unclear: a person must do it. All else in it stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "OURS",
    "SASL",
    "Service",
    "Unclear",
    "before",
    "dense",
    "is_shut",
    "parameters",
    "placed",
    "services",
    "without",
]

OURS = "mxward"
"""The restriction class of ours that stands in a list."""

SASL = "permit_sasl_authenticated"
_BY_WHO_THEY_ARE = (  # clients that a list lets by for who they are: the door is not for them
    "permit_mynetworks",
    "permit_inet_interfaces",
    "permit_tls_clientcerts",
    "permit_tls_all_clientcerts",
)
_ENDS = ("reject", "defer")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_BLANKS, _COMMAS = frozenset(" \t\r\n"), frozenset(" \t\r\n,")


class Unclear(ValueError):
    """It cannot be told where ours belongs; the text says why."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service of master.cf that speaks SMTP: `submission/inet`, and what it sets otherwise."""

    name: str
    settings: Mapping[str, str]

    @property
    def is_local(self) -> bool:
        """Whether only programs on this host can reach it: content filters give mail back there."""
        address, colon, _ = self.name.rpartition("/")[0].rpartition(":")
        here = address.strip("[]") in ("localhost", "::1") or address.startswith("127.")
        return self.name.endswith("/unix") or bool(colon and here)


def parameters(text: str) -> Mapping[str, str]:
    """What main.cf says; the last of a name counts. Raises ValueError."""
    found = {}
    for line in _logical(text):
        name, equals, value = line.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            raise ValueError(f"main.cf: {line[:60]!r} sets no parameter")
        found[name.strip()] = " ".join(value.split())
    return found


def services(text: str) -> tuple[Service, ...]:
    """Those of master.cf that run smtpd(8). Raises ValueError."""
    found = []
    for line in _logical(text):
        fields = line.split(None, 7)
        if len(fields) < 8:
            raise ValueError(f"master.cf: {line[:60]!r} is no service")
        program, *arguments = (word.text for word in _split(fields[7], _BLANKS))
        if program.rpartition("/")[2] == "smtpd":
            found.append(Service(f"{fields[0]}/{fields[1]}", _settings(arguments)))
    return tuple(found)


def _settings(arguments: list[str]) -> Mapping[str, str]:
    """Of `-o name=value` and `-o { name = value }`."""
    found = {}
    words = iter(arguments)
    for word in words:
        if word.startswith("-o"):
            setting = word[2:] or next(words, "")
            if setting.startswith("{"):
                setting = setting[1:-1]
            name, _, value = setting.partition("=")
            found[name.strip()] = " ".join(value.split())
    return found


def _logical(text: str) -> Iterator[str]:
    """Lines, each with those that go on from it."""
    line = ""
    for each in text.split("\n"):
        if not each.strip() or each.lstrip().startswith("#"):
            continue
        if each[0].isspace():
            line += f" {each.strip()}"
            continue
        if line:
            yield line
        line = each.strip()
    if line:
        yield line


# -- lists of restrictions --------------------------------------------------------------------


class _Word(NamedTuple):
    text: str
    begin: int
    end: int


def placed(restrictions: str) -> str:
    """The list with ours in it, and all else as it is written. Raises Unclear.

    It stands behind permit_sasl_authenticated, and what else lets clients by for who they are;
    where there is none, at the end: what is before it has decided by then, and ours grants nothing.
    """
    told = without(restrictions)
    words = _words(told)
    at = _index([word.text for word in words])
    if at:
        end = words[at - 1].end
        return f"{told[:end]}, {OURS}{told[end:]}"
    return f"{OURS}, {told}" if words else OURS


def before(restrictions: str) -> tuple[str, ...]:
    """The words that stand before ours, once it is there. Raises Unclear."""
    texts = [word.text for word in _words(without(restrictions))]
    return tuple(texts[: _index(texts)])


def _index(words: list[str]) -> int:
    """Which word ours is to be."""
    if SASL in words:
        at = words.index(SASL) + 1
        while at < len(words) and words[at] in _BY_WHO_THEY_ARE:
            at += 1
        return at
    if any("$" in word for word in words):
        raise Unclear("what stands behind a `$` is not known here")
    if words and words[-1] in _ENDS:
        raise Unclear(f"it ends in `{words[-1]}`, and nothing lets authenticated clients by")
    return len(words) - (words[-1:] == ["permit"])


def without(restrictions: str) -> str:
    """The list without ours: as the operator had it. Raises Unclear."""
    words = _words(restrictions)
    for number in reversed(range(len(words))):
        if words[number].text == OURS:
            begin = words[number - 1].end if number else 0
            end = words[number].end
            if not number:  # and what stands between it and the next
                end = words[1].begin if len(words) > 1 else len(restrictions)
            restrictions = restrictions[:begin] + restrictions[end:]
    return restrictions


def dense(restrictions: str) -> str:
    """The same list without white space, as `postconf -P` wants it. Raises Unclear."""
    words = [word.text for word in _words(restrictions)]
    if any(not _BLANKS.isdisjoint(word) for word in words):
        raise Unclear("`postconf -P` takes no white space, and there is some within braces")
    return ",".join(words)


def is_shut(restrictions: str) -> bool:
    """Whether a list takes mail from nobody but whom it knows for who they are. Raises Unclear."""
    words = [word.text for word in _words(restrictions) if word.text != OURS]
    known = (SASL, *_BY_WHO_THEY_ARE)
    return bool(words) and words[-1] in _ENDS and all(word in known for word in words[:-1])


def _words(restrictions: str) -> list[_Word]:
    try:
        return _split(restrictions, _COMMAS)
    except ValueError as error:
        raise Unclear(str(error)) from None


def _split(text: str, between: frozenset[str]) -> list[_Word]:
    """Words; what stands in braces is one, or part of one. Raises ValueError."""
    words: list[_Word] = []
    begin, depth = None, 0
    for at, character in enumerate(f"{text} "):
        depth += (character == "{") - (character == "}")
        if depth < 0:
            break
        if depth or character not in between:
            begin = at if begin is None else begin
        elif begin is not None:
            words.append(_Word(text[begin:at], begin, at))
            begin = None
    if depth:
        raise ValueError("its braces do not match")
    return words
