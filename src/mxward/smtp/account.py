"""What a session of the auditor's has found, domain by domain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mxward.smtp.about import about
from mxward.smtp.inquest import Inquest, answered_by
from mxward.smtp.probed import About, Answered, Probed
from mxward.smtp.questions import Questions
from mxward.smtp.replies import Reply
from mxward.smtp.tape import Tape, printable

__all__ = ["ForAll", "account"]


@dataclass(frozen=True, slots=True)
class ForAll:
    """What holds for every domain that has no answer of its own: the session did not get there."""

    answered: Answered
    answer: Reply | None = None
    about: About | None = None
    why: str = ""


def account(
    questions: Questions, for_all: ForAll | None, why: str, tape: Tape, blank: Probed
) -> Iterator[Probed]:
    """One for each domain of which something is known; `why` is of those it fell silent over.

    `blank` has what is the same for all of them.
    """
    for each in questions.answered():
        if each.answer is not None:
            yield _answered(each, each.answer, tape, blank)
    for each in questions.silent():
        yield _unanswered(each, for_all or ForAll(Answered.SILENT, why=why), tape, blank)
    if for_all is not None:
        for each in questions.left():
            yield _unanswered(each, for_all, tape, blank)


def _answered(each: Inquest, answer: Reply, tape: Tape, blank: Probed) -> Probed:
    return replace(
        blank,
        domain=each.wanted.domain,
        answered=answered_by(answer),
        catch_all=each.catch_all,
        stranger=each.stranger,
        guarded=each.guarded,
        about=None if answer.positive else about(answer),
        code=answer.code,
        reply=printable(str(answer)),
        transcript=tape.of(each.wanted.domain),
    )


def _unanswered(each: Inquest, for_all: ForAll, tape: Tape, blank: Probed) -> Probed:
    answer = for_all.answer
    return replace(
        blank,
        domain=each.wanted.domain,
        answered=for_all.answered,
        about=for_all.about,
        code=answer.code if answer else None,
        reply=printable(str(answer)) if answer else "",
        why=for_all.why,
        transcript=tape.of(each.wanted.domain),
    )
