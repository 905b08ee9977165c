"""Values in PowerShell, as strings in single quotes: nothing in these is replaced by anything.

What would end such a string is not only `'`: PowerShell takes U+2018 to U+201B for the same quote.
And Windows PowerShell 5.1 reads a file without a byte order mark in the code page of the machine,
where octets of many other letters are such quotes (U+0451 has one in 1252). So what is not plain
ASCII is refused, and so are control characters, which could end a line of a comment.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["quoted", "quoted_list"]


def quoted(text: str) -> str:
    """A string that stands for this text and nothing else. Raises ValueError."""
    if not text.isascii() or not text.isprintable():
        raise ValueError(f"{text!r} is not written into a script: it is not plain ASCII")
    return "'" + text.replace("'", "''") + "'"


def quoted_list(texts: Iterable[str], indent: str) -> str:
    """An array of such strings, one a line. Raises ValueError."""
    lines = [f"{indent}    {quoted(text)}" for text in texts]
    return "\n".join(["@(", *lines, f"{indent})"]) if lines else "@()"
