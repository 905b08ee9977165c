"""Lines of keys: known documents, and any document at all."""

from __future__ import annotations

import contextlib
import json
import tomllib
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.config.places import KeyPath, Places

DOCUMENT = '''\
plain = 1
dotted . "key.with.dots" = [
  "a", # no ] here
  "]]", { q = "}", 'r'.s = 2 },

  [1.5, 2,
   3],
]
text = """
more ""\\"""" # the end
'when' = 2027-01-01 10:00:00
\t[scanners."a.b"]
mx = ["x"]
[[trust]]
network = """\\
   192.0.2.7"""
[trust.limits]
k = \'\'\'
'\'\'\'
[[trust]]
name = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("plain",), 1),
        (("dotted", "key.with.dots"), 2),
        (("dotted", "key.with.dots", 0), 3),
        (("dotted", "key.with.dots", 1), 4),
        (("dotted", "key.with.dots", 2, "q"), 4),
        (("dotted", "key.with.dots", 2, "r", "s"), 4),
        (("dotted", "key.with.dots", 3), 6),
        (("dotted", "key.with.dots", 3, 0), 6),
        (("dotted", "key.with.dots", 3, 2), 7),
        (("text",), 9),
        (("when",), 11),
        (("scanners",), 12),
        (("scanners", "a.b"), 12),
        (("scanners", "a.b", "mx", 0), 13),
        (("trust",), 14),
        (("trust", 0), 14),
        (("trust", 0, "network"), 15),
        (("trust", 0, "limits"), 17),
        (("trust", 0, "limits", "k"), 18),
        (("trust", 1), 20),
        (("trust", 1, "name"), 21),
        (("trust", 1, "owner"), 20),  # missing: the table it should be in
        (("nowhere", "at", "all"), 1),
    ],
)
def test_a_known_document(path: KeyPath, line: int) -> None:
    tomllib.loads(DOCUMENT)
    assert Places(DOCUMENT).line(path) == line


# -- any document: each value is unique, so its line in the text is known ---------------------

SHAPES: st.SearchStrategy[Any] = st.recursive(
    st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
GAPS = st.sampled_from(("", " ", "\n", " # ]}\"'''\n", "\n\n"))


def numbered(shape: Any, numbers: Iterator[int]) -> Any:
    """The shape with a text of its own at each leaf."""
    match shape:
        case list():
            return [numbered(inner, numbers) for inner in shape]
        case dict():
            return {key: numbered(inner, numbers) for key, inner in shape.items()}
    return f"<{next(numbers)}>"


def written(value: Any, gaps: Iterator[str]) -> str:
    match value:
        case list():
            inside = ",".join(f"{next(gaps)}{written(v, gaps)}{next(gaps)}" for v in value)
            return f"[{inside}]"
        case dict():
            pairs = ", ".join(f"{json.dumps(k)} = {written(v, gaps)}" for k, v in value.items())
            return f"{{{pairs}}}"
    return json.dumps(value)


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(inner, (*path, key))


@given(
    st.lists(
        st.tuples(
            st.lists(st.text(max_size=4), min_size=1, max_size=3),
            st.dictionaries(st.text(max_size=4), SHAPES, max_size=3),
        ),
        max_size=4,
    ),
    st.data(),
)
def test_any_document(tables: list[tuple[list[str], dict[str, Any]]], data: st.DataObject) -> None:
    numbers = count()
    gaps = iter(lambda: data.draw(GAPS), None)
    text = ""
    for number, (names, table) in enumerate(tables):
        header = ".".join(map(json.dumps, [f"t{number}", *names]))
        text += f"[[{header}]]\n"
        for key, value in numbered(table, numbers).items():
            text += f"{json.dumps(key)} = {written(value, gaps)}\n"
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # a character that TOML wants escaped in another way than JSON
    places = Places(text)
    for path, value in leaves(document):
        assert value in text.split("\n")[places.line(path) - 1], (path, text)


@given(st.text(alphabet="[]{}=,.\"'#\n a1\\"))
def test_no_text_is_walked_for_ever(text: str) -> None:
    with contextlib.suppress(tomllib.TOMLDecodeError):
        Places(text)
