"""Postfix's own main.cf and master.cf: read, and what must be said there for rules to be asked.

`Lists` is one list of restrictions, as words. A list of which it cannot be told where ours belongs
(it names parameters by `$`, or nobody but authenticated clients ...) raises Unclear: then a person
must do it. Read as postconf(5) says: lines that begin with white space go on, comments and empty
lines do not count. Not supported: `include`, for Postfix has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["OURS", "Service", "Unclear", "is_shut", "parameters", "placed", "services", "without"]

OURS = "mxward"
"""The restriction class of ours that stands in a list."""

_SASL = "permit_sasl_authenticated"
_BY_WHO_THEY_ARE = (  # clients that a list lets by for who they are: the door is not for them
    "permit_mynetworks",
    "permit_inet_interfaces",
    "permit_tls_clientcerts",
    "permit_tls_all_clientcerts",
)
_ENDS = ("reject", "defer")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_BLANKS, _COMMAS = " \t\r\n", " \t\r\n,"


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
        program, *arguments = _split(fields[7], _BLANKS)
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
    for each in text.splitlines():
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


def placed(restrictions: str) -> str:
    """The list with ours in it. Raises Unclear.

    It stands behind permit_sasl_authenticated, and what else lets clients by for who they are;
    where there is none, at the end: what is before it has decided by then, and ours grants nothing.
    """
    words = _words(without(restrictions))
    if _SASL in words:
        at = words.index(_SASL) + 1
        while at < len(words) and words[at] in _BY_WHO_THEY_ARE:
            at += 1
    elif any(word.startswith("$") for word in words):
        raise Unclear("what stands behind a `$` is not known here")
    elif words and words[-1] in _ENDS:
        raise Unclear(f"it ends in `{words[-1]}`, and nothing lets authenticated clients by")
    else:
        at = len(words) - (words[-1:] == ["permit"])
    return ", ".join(_together([*words[:at], OURS, *words[at:]]))


def without(restrictions: str) -> str:
    """The list without ours: as the operator had it."""
    return ", ".join(_together([word for word in _words(restrictions) if word != OURS]))


def is_shut(restrictions: str) -> bool:
    """Whether a list takes mail only from clients that it knows for who they are."""
    words = _words(without(restrictions))
    known = (_SASL, *_BY_WHO_THEY_ARE)
    return bool(words) and words[-1] in _ENDS and all(word in known for word in words[:-1])


def _words(restrictions: str) -> list[str]:
    try:
        return _split(restrictions, _COMMAS)
    except ValueError as error:
        raise Unclear(str(error)) from None


def _split(text: str, between: str) -> list[str]:
    """Words; what stands in braces is one (or part of one). Raises ValueError."""
    words, word, depth = [], "", 0
    for character in f"{text} ":
        depth += (character == "{") - (character == "}")
        if depth < 0:
            break
        if depth or character not in between:
            word += character
        elif word:
            words.append(word)
            word = ""
    if depth:
        raise ValueError("its braces do not match")
    return words


def _together(words: list[str]) -> Iterator[str]:
    """A word that takes an argument, with its argument."""
    before = ""
    for word in words:
        if ":" in word and before:
            yield f"{before} {word}"
            before = ""
            continue
        if before:
            yield before
        before = word
    if before:
        yield before
