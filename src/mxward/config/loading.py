"""A file becomes a Config, or every mistake in it is told at once.

A value that is refused is left out and the rest is judged all the same, so that one mistake does
not hide another. Not supported: includes, environment variables.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mxward.config import half_written
from mxward.config.checks import check
from mxward.config.document import Config
from mxward.config.mistakes import mistake
from mxward.config.places import KeyPath, Places
from mxward.config.problems import ConfigError, Finding, Problem, Severity

__all__ = ["load"]


def load(path: Path, *, now: float | None = None) -> Config:
    """Read a configuration. `now` (seconds since the epoch) tells what has expired.

    Raises ConfigError with every mistake. What may stay but should be known is in the result's
    `warnings`.
    """
    text = _read(path)
    try:
        data = half_written.parse(text)
    except half_written.NoToml as error:
        raise ConfigError([Problem(f"{path}:{error.line}", str(error))]) from None
    places = Places(text)
    config, findings = _validate(data, path.parent)
    findings += check(config, [finding.path for finding in findings], now or time.time())
    findings.sort(key=lambda finding: places.line(finding.path))
    problems = [Problem(f"{path}:{places.line(f.path)}", f.text, f.severity) for f in findings]
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise ConfigError(problems)
    return config.read_from(path, places, problems)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        where, why = str(path), "no such file; write one, or name another with --config"
    except OSError as error:
        where, why = str(path), f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        where, why = f"{path}:{line}", "no UTF-8 text; save the file as UTF-8"
    raise ConfigError([Problem(where, why)])


def _validate(data: dict[str, Any], folder: Path) -> tuple[Config, list[Finding]]:
    """The configuration without what is wrong in it, and what is wrong in it."""
    findings: list[Finding] = []
    while True:
        try:
            return Config.model_validate(data, context={"folder": folder}), findings
        except ValidationError as error:
            for wrong in error.errors(include_url=False):
                findings.append(Finding(wrong["loc"], mistake(wrong)))
                _leave_out(data, wrong["loc"])


def _leave_out(data: dict[str, Any], path: KeyPath) -> None:
    """Take a refused value out, with the list it stands in; put words where some must stand.

    An entry of [[trust]] stays, so that the others keep their places.
    """
    table: Any = data
    keys = path
    if path[0] == "trust" and len(path) > 2 and "trust" in data:
        table, keys = data["trust"][path[1]], path[2:]
        if keys[0] in ("owner", "note"):
            table[keys[0]] = "?"
            return
    while len(keys) > 1 and isinstance(table.get(keys[0]), dict):
        table, keys = table[keys[0]], keys[1:]
    table.pop(keys[0], None)
