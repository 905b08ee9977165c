"""What a reader holds between two lines <-> JSON, so that it can go on after a restart.

Lists of JSON stand for tuples, and everything else that JSON does not have is marked. What was
written by a reader of another mxward, or by nobody of ours, is a ValueError, and nothing else is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mxward.maillog.logged import Logged, Outcome

__all__ = ["as_json", "from_json", "resuming"]

_PLAIN = (str, int, float, bool, type(None))


def as_json(held: Any) -> Any:
    """Of tuples, lists, sets and dicts of octets, texts, numbers and `Logged`."""
    if isinstance(held, Outcome):
        return str(held)
    if isinstance(held, _PLAIN):
        return held
    if isinstance(held, bytes):
        return {"octets": held.decode("latin-1")}
    if isinstance(held, Logged):
        return {"logged": [as_json(value) for value in held]}
    if isinstance(held, tuple):
        return [as_json(value) for value in held]
    if isinstance(held, list):
        return {"list": [as_json(value) for value in held]}
    if isinstance(held, set):
        return {"set": [as_json(value) for value in held]}
    if isinstance(held, dict):
        return {"dict": [[as_json(key), as_json(value)] for key, value in held.items()]}
    raise TypeError(f"{type(held).__name__} is nothing that a reader holds")


def from_json(told: Any) -> Any:
    """The same back. Raises ValueError."""
    if isinstance(told, list):
        return tuple(from_json(value) for value in told)
    if not isinstance(told, dict):
        return told
    for kind, values in told.items():
        if kind in _MADE_OF:
            return _made(_MADE_OF[kind], values)
    raise ValueError("nothing that a reader holds")


def _made(make: Callable[[Any], Any], values: Any) -> Any:
    try:
        return make(values)
    except (TypeError, AttributeError, UnicodeEncodeError) as error:
        raise ValueError(f"nothing that a reader holds: {error}") from None


def _logged(values: Any) -> Logged:
    at, outcome, *others = map(from_json, values)
    return Logged(at, Outcome(outcome), *others)


_MADE_OF: dict[str, Callable[[Any], Any]] = {
    "octets": lambda text: text.encode("latin-1"),
    "logged": _logged,
    "list": lambda values: [from_json(value) for value in values],
    "set": lambda values: {from_json(value) for value in values},
    "dict": lambda pairs: {from_json(key): from_json(value) for key, value in pairs},
}


def resuming(resume: Callable[[Any], None], told: Any) -> None:
    """Give a reader what it held. Raises ValueError; then it is of no use any more."""
    try:
        resume(from_json(told))
    except (TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"held by another reader: {error}") from None
