"""Nouns <-> what the tables hold. Lists are JSON; reading raises ValueError where they are not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from mxward.frontdoor.egress import EgressHistory, Gone
from mxward.model import Kind, Known, Question, Remembered
from mxward.networks import network

__all__ = ["ANSWERS", "answer_row", "answers_of", "history_of", "history_text"]

ANSWERS = "SELECT kind, name, state, data, canonical, observed_at, expires_at, former FROM answers"


def answer_row(question: Question, known: Remembered) -> dict[str, object]:
    """The row of one remembered answer."""
    return {
        "kind": question.kind.value,
        "name": question.name,
        "state": known.state.value,
        "data": _text(known.values),
        "canonical": known.canonical,
        "observed_at": known.observed_at,
        "expires_at": known.expires_at,
        "former": _text(known.former) if known.former else "",
    }


def answers_of(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[Question, Remembered]]:
    """The remembered answers that rows of `ANSWERS` tell; equal values are one object."""
    kinds = {kind.value: kind for kind in Kind}
    states = {state.value: state for state in Known}
    values_of = _Once(lambda text: tuple(_strings(json.loads(text))))
    canonicals = _Once(str)
    for kind, name, state, data, canonical, observed_at, expires_at, former in rows:
        yield (
            Question(kinds[kind], name),
            Remembered(
                states[state],
                values_of[data],
                canonicals[canonical],
                observed_at,
                expires_at,
                tuple(_pairs(json.loads(former))) if former else (),
            ),
        )


def history_text(history: EgressHistory) -> str:
    """A scanner's history as JSON."""
    return _text(
        {
            "names": history.names,
            "current": [(str(net), since) for net, since in history.current],
            "gone": [(str(g.network), g.since, g.gone_at, g.waits) for g in history.gone],
        }
    )


def history_of(text: str) -> EgressHistory:
    """A scanner's history out of JSON."""
    told = json.loads(text)
    return EgressHistory(
        names=tuple(_strings(told["names"])),
        current=tuple((network(net), float(since)) for net, since in told["current"]),
        gone=tuple(
            Gone(network(net), float(since), float(gone_at), bool(waits))
            for net, since, gone_at, waits in told["gone"]
        ),
    )


class _Once(dict[str, Any]):
    """Reads each text once."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read

    def __missing__(self, text: str) -> Any:
        found = self[text] = self._read(text)
        return found


def _strings(told: Iterable[object]) -> Iterator[str]:
    for value in told:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is no string")
        yield value


def _pairs(told: Iterable[Sequence[Any]]) -> Iterator[tuple[str, float]]:
    for value, gone_at in told:
        yield str(value), float(gone_at)


def _text(told: object) -> str:
    return json.dumps(told, separators=(",", ":"))
