"""What pydantic found wrong, in our own words."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from mxward.config.document import Config
from mxward.config.places import KeyPath
from mxward.config.problems import quoted
from mxward.config.sections_audit import ServiceSettings, WaiverSettings
from mxward.config.sections_entries import ScannerSettings, TrustSettings
from mxward.config.sections_limits import ClientSettings
from mxward.config.sections_server import CertificateSettings

__all__ = ["key", "mistake"]

_MISSING = {
    "owner": 'who answers for this client? write owner = "anna"',
    "note": 'what is this client? write note = "the printer on floor 2"',
    "network": 'whose messages? write network = "192.0.2.0/24"',
    "chain": 'write chain = "/etc/mxward/mx.pem"',
    "key": 'write key = "/etc/mxward/mx.key"',
}
_WAIVED = {
    "owner": 'who answers for this door? write owner = "anna"',
    "note": 'why may it stay open? write note = "the fax gateway, until it is gone"',
}
_LEAST = {
    ("limits", "recipients"): "RFC 5321 4.5.3.1.8",
    ("limits", "line"): "RFC 5321 4.5.3.1.4",
}
_ENTRY = {"trust": "trusted client", "clients": "entry", "waivers": "waiver"}
_NAMED = {"scanners": "scanner", "services": "service"}
_CERTIFICATES = ("tls", "certificates")
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
            return f"missing: {_missing(path)}"
        case "tuple_type":
            return _no_list(path, value)
        case "greater_than_equal":
            return f"{quoted(value)} is {_too_small(path)}; write {context['ge']:g} or more"
        case "less_than_equal":
            return f"{quoted(value)} is too large; write {context['le']:g} or less"
    if kind in _NOT_A:
        return f"{quoted(value)} is {_NOT_A[kind]}"
    return _no_table(path)


def _missing(path: KeyPath) -> str:
    if path[0] == "waivers":
        return _WAIVED[str(path[-1])]
    return _MISSING[str(path[-1])]


def _too_small(path: KeyPath) -> str:
    return f"less than {_LEAST[path]} asks for" if path in _LEAST else "too small"


def _no_list(path: KeyPath, value: Any) -> str:
    if len(path) == 1 and path[0] in _ENTRY:
        return _no_table(path)
    if path == _CERTIFICATES:
        return 'no list; write certificates = [{ chain = "...", key = "..." }]'
    if path == ("inventory", "command"):
        return (
            'no list; there is no shell, so write each word by itself: ["mysql", "-N", "-e", ...]'
        )
    if isinstance(value, dict):
        return f'a table; a list is needed here: {path[-1]} = ["..."]'
    return f"{quoted(value)} is no list; write [{quoted(value)}]"


def _no_table(path: KeyPath) -> str:
    if path[0] in _NAMED and len(path) == 2:
        what = _NAMED[str(path[0])]
        return f"a {what} is a table of its own; write [{path[0]}.NAME] before its keys"
    if path[0] in _ENTRY:
        return f"each {_ENTRY[str(path[0])]} is a table of its own; write [[{path[0]}]] before it"
    if path[:2] == _CERTIFICATES:
        return 'a certificate is a table of its own; write { chain = "...", key = "..." }'
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
    if path[:2] == _CERTIFICATES:
        return CertificateSettings
    return _TABLES[_header(str(path[0]))]


def _header(table: str) -> str:
    if table in _NAMED:
        return f"[{table}.NAME]"
    return f"[[{table}]]" if table in _ENTRY else f"[{table}]"


_ENTRIES: dict[str, type[BaseModel]] = {
    "scanners": ScannerSettings,
    "trust": TrustSettings,
    "clients": ClientSettings,
    "waivers": WaiverSettings,
    "services": ServiceSettings,
}
_TABLES: dict[str, type[BaseModel]] = {
    _header(name): _ENTRIES.get(name) or type(field.default)
    for name, field in Config.model_fields.items()
}
