"""docs/findings.md has a section on each code, which says its severity and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mxward.audit.codes import KINDS, Code

TEXT = (Path(__file__).parents[2] / "docs" / "findings.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### (MXW-[A-Z-]+)\n((?:[^#\n].*\n)+)", TEXT, re.MULTILINE))


def test_each_code_has_a_section_and_no_other() -> None:
    assert sorted(SECTIONS) == sorted(Code)
    assert TEXT.count("### MXW-") == len(Code)


@pytest.mark.parametrize("code", Code)
def test_a_section(code: Code) -> None:
    assert SECTIONS[code].startswith(f"Severity {KINDS[code].severity}. ")
    assert len(SECTIONS[code].split()) >= 25
