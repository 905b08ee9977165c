"""TXT records out of answers: all of a name, each exactly as it is; the names in SPF records."""

from __future__ import annotations

from mxward.audit.front import Facts
from mxward.frontdoor import spf
from mxward.lockdown.dns.looked import Filed
from mxward.lockdown.dns.records import Records
from mxward.lockdown.dns.spelling import quoted, unquoted
from mxward.model import Answer, Kind, Known, Question

__all__ = ["exactly", "not_the_same", "terms_in", "texts_in", "txt_of"]


def txt_of(domain: str, zone: str, facts: Facts, filed: Filed) -> Records | None:
    """All TXT records of a domain, where each can be told exactly.

    An answer as `Answer` has it loses where a text of more than 255 octets is cut, and what is not
    ASCII: then it must be asked for in another way. Raises ValueError where the zone's file says
    another thing.
    """
    answer = facts[Question(Kind.TXT, domain)]
    written = filed(zone, domain, "TXT")
    if written is not None:
        if sorted(map(_as_answered, written.values)) != sorted(texts_in(answer)):
            raise ValueError(not_the_same(zone, "TXT", domain))
        return written
    return exactly(domain, answer)


def texts_in(answer: Answer) -> tuple[str, ...]:
    """The TXT values of the very name that was asked for."""
    return answer.values if answer.state is Known.FOUND and not answer.canonical else ()


def exactly(name: str, answer: Answer) -> Records | None:
    """All TXT records of a name out of an answer; None where one cannot be told from it."""
    texts = texts_in(answer)
    if any(len(text) > 255 or "\\" in text for text in texts):
        return None
    return Records(name, "TXT", int(answer.ttl), tuple(sorted(map(quoted, texts))))


def not_the_same(zone: str, kind: str, name: str) -> str:
    """What is told where a zone's file differs from what is served."""
    return (
        f"the DNS and the file of {zone} say not the same of {kind} {name} "
        "(the resolver may still remember what was)"
    )


def _as_answered(value: str) -> str:
    return unquoted(value).encode("latin-1").decode("ascii", "backslashreplace")


def terms_in(values: tuple[str, ...], domain: str) -> tuple[str, ...]:
    """The names that `a` terms of the SPF record name."""
    return tuple(dict.fromkeys(h.name for h in spf.read(values, domain).hosts if h.kind is Kind.A))
