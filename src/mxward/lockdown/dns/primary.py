"""The same records as the primary has them now: their whole time to live, and what has gone since
a resolver looked, which goes on telling what it remembers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mxward.audit.front import Facts
from mxward.audit.premises import Premises
from mxward.frontdoor import records as values_of
from mxward.lockdown.dns.looked import Looked, Named, Pointing
from mxward.lockdown.dns.records import Records
from mxward.lockdown.dns.texts import exactly, terms_in, texts_in
from mxward.model import Answer, Kind, Known, Question

__all__ = ["at_primary", "record_questions", "without_gone"]


def record_questions(looked: Looked, label: str) -> Iterator[Question]:
    """What the primary is asked; of a wildcard by `label`, which nobody has."""
    for pointing in looked.pointing:
        for records in pointing.records:
            yield _question(records, label)
    yield Question(Kind.TXT, looked.domain)


def at_primary(looked: Looked, facts: Facts, premises: Premises) -> Looked:
    """With the primary's records; where it does not answer for them, nothing is planned."""
    try:
        found = [_now(pointing, facts, premises) for pointing in looked.pointing]
        text = _answer(Question(Kind.TXT, looked.domain), facts)
    except ValueError as error:
        return replace(looked, pointing=(), txt=None, why=str(error), unsure=True)
    return replace(
        looked,
        pointing=tuple(pointing for pointing in found if pointing is not None),
        txt=looked.txt if _is_filed(looked, text) else exactly(looked.domain, text),
        spf=looked.spf if _is_same(looked, text) else tuple(_terms(looked, text)),
    )


def without_gone(before: Sequence[Looked], after: Sequence[Looked]) -> list[Looked]:
    """Without the names whose CNAME leads to one that leads to the mail server no more."""
    left = {each.name for looked in after for each in looked.pointing}
    unsure = {looked.domain for looked in after if looked.unsure}
    gone = {
        each.name
        for looked in before
        if looked.domain not in unsure
        for each in looked.pointing
        if each.name not in left
    }
    return [
        replace(looked, pointing=tuple(p for p in looked.pointing if p.target not in gone))
        if any(p.target in gone for p in looked.pointing)
        else looked
        for looked in after
    ]


def _terms(looked: Looked, text: Answer) -> Iterator[Named]:
    """The names of an SPF record that the resolver does not know yet may lead anywhere."""
    known = {named.name: named for named in looked.spf}
    for name in terms_in(texts_in(text), looked.domain):
        yield known.get(name, Named(name, name))


def _is_same(looked: Looked, text: Answer) -> bool:
    exact = exactly(looked.domain, text)
    return looked.txt is None or (exact is not None and exact.values == looked.txt.values)


def _is_filed(looked: Looked, text: Answer) -> bool:
    """Whether a zone's file told the records exactly, where an answer cannot."""
    return looked.txt is not None and exactly(looked.domain, text) is None


def _question(records: Records, label: str) -> Question:
    name = records.name
    return Question(Kind(records.kind), f"{label}{name[1:]}" if name[0] == "*" else name)


def _answer(question: Question, facts: Facts) -> Answer:
    answer = facts.get(question)
    if answer is None or answer.state is Known.FAILED:
        raise ValueError(f"the primary does not answer for {question.kind} {question.name}")
    return answer


def _now(pointing: Pointing, facts: Facts, premises: Premises) -> Pointing | None:
    """None where it leads to the mail server no more."""
    found = []
    for records in pointing.records:
        answer = _answer(_question(records, premises.label), facts)
        led_on = bool(answer.canonical) and records.kind != "CNAME"
        if answer.state is Known.FOUND and not led_on:
            values = tuple(sorted(answer.values))
            found.append(Records(records.name, records.kind, int(answer.ttl), values))
    if not any(_leads(records, pointing, premises) for records in found):
        return None
    return pointing._replace(records=tuple(found))


def _leads(records: Records, pointing: Pointing, premises: Premises) -> bool:
    if records.kind == "CNAME":
        if all(records.values != each.values for each in pointing.records):
            raise ValueError(f"the primary has another CNAME of {records.name} than the resolver")
        return True
    return any(address in premises.servers for address in values_of.addresses(records.values))
