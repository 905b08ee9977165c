"""What pydantic found wrong, in our own words."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from mxward.config.document import Config
from mxward.config.places import KeyPath
from mxward.config.problems import quoted
from mxward.config.sections import ScannerSettings, TrustSettings

__all__ = ["key", "mistake"]

_MISSING = {
    "owner": 'who answers for this client? write owner = "anna"',
    "note": 'what is this client? write note = "the printer on floor 2"',
}
_NOT_A = {
    "bool_type": "neither true nor false; write one of them, without quotes",
    "float_type": "no number; write one without quotes",
    "int_type": "no whole number; write one without quotes",
    "finite_number": "no number; write one",
    "int_from_float": "no whole number; write one",
}


def mistake(error: ErrorDetails) -> str:
    """One line on a value that pydantic refused: which key, what is wrong, what to write."""
    return f"{key(error['loc'])}: {_text(error)}"


def key(path: KeyPath) -> str:
    """A key as a person names it: `server.listen`, wherever in its list the value stands."""
    return ".".join(part for part in path if isinstance(part, str))


def _text(error: ErrorDetails) -> str:
    kind, path, value = error["type"], error["loc"], error["input"]
    context = error.get("ctx", {})
    match kind:
        case "value_error":
            return str(context["error"])
        case "extra_forbidden":
            return _unknown(path, value)
        case "missing":
            return f"missing: {_MISSING[str(path[-1])]}"
        case "tuple_type":
            return _no_list(path, value)
        case "greater_than_equal":
            return f"{quoted(value)} is too small; write {context['ge']:g} or more"
        case "less_than_equal":
            return f"{quoted(value)} is too large; write {context['le']:g} or less"
    if kind in _NOT_A:
        return f"{quoted(value)} is {_NOT_A[kind]}"
    return _no_table(path)


def _no_list(path: KeyPath, value: Any) -> str:
    if path == ("trust",):
        return "each trusted client is a table of its own; write [[trust]] before it"
    if path == ("inventory", "command"):
        return (
            'no list; there is no shell, so write each word by itself: ["mysql", "-N", "-e", ...]'
        )
    if isinstance(value, dict):
        return f'a table; a list is needed here: {path[-1]} = ["..."]'
    return f"{quoted(value)} is no list; write [{quoted(value)}]"


def _no_table(path: KeyPath) -> str:
    if path[0] == "scanners" and len(path) == 2:
        return "a scanner is a table of its own; write [scanners.NAME] before its keys"
    if path[0] == "trust":
        return "each trusted client is a table of its own; write [[trust]] before it"
    return f"a table is needed here; write [{key(path)}] and its keys below"


# -- unknown keys -----------------------------------------------------------------------------


def _unknown(path: KeyPath, value: Any) -> str:
    name = str(path[-1])
    if len(path) == 1 and isinstance(value, dict | list):
        near = get_close_matches(name, Config.model_fields, n=1)
        mend = _header(near[0]) if near else f"one of {', '.join(_TABLES)}"
        return f"unknown table; write {mend}"
    known = [] if len(path) == 1 else list(_table(path[:-1]).model_fields)
    near = get_close_matches(name, known, n=1)
    if near:
        return f"unknown key; write {near[0]}"
    for table, model in _TABLES.items():
        for elsewhere in get_close_matches(name, model.model_fields, n=1, cutoff=0.8):
            return f"unknown key here; {elsewhere} belongs in {table}"
    return f"unknown key; known here: {', '.join(known) or ', '.join(_TABLES)}"


def _table(path: KeyPath) -> type[BaseModel]:
    return _TABLES[_header(str(path[0]))]


def _header(table: str) -> str:
    return {"scanners": "[scanners.NAME]", "trust": "[[trust]]"}.get(table, f"[{table}]")


_ENTRIES: dict[str, type[BaseModel]] = {"scanners": ScannerSettings, "trust": TrustSettings}
_TABLES: dict[str, type[BaseModel]] = {
    _header(name): _ENTRIES.get(name) or type(field.default)
    for name, field in Config.model_fields.items()
}
