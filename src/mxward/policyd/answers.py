"""A decision -> what the mail server is told. Nothing here says OK: a pass is for others to judge.

Postfix takes `action=` and an empty line: DUNNO, or a code and a text (access(5)). Exim takes one
line, which its configuration looks at: `pass`, `defer TEXT` or `deny TEXT`.
"""

from __future__ import annotations

from mxward.model import Action, Decision
from mxward.policyd.questions import Asker
from mxward.smtp.refusals import refused_in_one_line

__all__ = ["answer", "failed", "passed"]

_FAILED = "4.3.0 Cannot tell just now whether this mail may come this way, try again"


def answer(asker: Asker, decision: Decision, contact: str, message_id: str) -> bytes:
    """What is said of a recipient; `decision` is one without rerouting."""
    if decision.action is Action.PASS:
        return passed(asker)
    return _refused(asker, *refused_in_one_line(decision, contact, message_id))


def passed(asker: Asker) -> bytes:
    """The mail server goes on as ever."""
    return b"action=DUNNO\n\n" if asker is Asker.POSTFIX else b"pass\n"


def failed(asker: Asker, message_id: str) -> bytes:
    """Nothing could be decided, and the operator wants it deferred."""
    return _refused(asker, 451, f"{_FAILED} (id {message_id})")


def _refused(asker: Asker, code: int, text: str) -> bytes:
    if asker is Asker.POSTFIX:
        return f"action={code} {text}\n\n".encode("ascii")
    return f"{'defer' if code < 500 else 'deny'} {text}\n".encode("ascii")
