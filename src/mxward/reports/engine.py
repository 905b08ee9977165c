"""What answers the questions: DuckDB here, or Spark on a cluster, by the same SQL files.

A question is a file in `questions/`: one SELECT in the SQL that both engines understand (see the
README there), over the table `arrivals`, what has been lent, and what has been set up. Its
parameters are written `:name`; what is not given is an error of ours, not the user's.
"""

from __future__ import annotations

from importlib import resources
from typing import Protocol

import pyarrow as pa

__all__ = ["Engine", "EngineError", "Parameter", "question"]

Parameter = str | int | float | bool


class EngineError(Exception):
    """The engine cannot answer; one line says why, and what to do."""


class Engine(Protocol):
    """Answers questions over one table of arrivals. Every method raises EngineError."""

    def lend(self, name: str, table: pa.Table) -> None:
        """Let the questions use a small table by this name, in place of one lent before."""

    def set_up(self, name: str, of: str | None = None, /, **parameters: Parameter) -> None:
        """Let the questions use the answer to the question of this name, or `of` another, as a
        view.
        """

    def ask(self, name: str, **parameters: Parameter) -> pa.Table:
        """The answer to a question."""

    def close(self) -> None:
        """Let go of everything that was lent."""


def question(name: str) -> str:
    """The SQL of a question."""
    return (resources.files("mxward.reports") / "questions" / f"{name}.sql").read_text("utf-8")
