"""Every key of the configuration is in docs/configuration.md, and the README's example is right."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mxward.config import Endpoint, Severity, load
from mxward.config.document import Config
from mxward.config.sections_audit import ServiceSettings, WaiverSettings
from mxward.config.sections_entries import ScannerSettings, TrustSettings
from mxward.config.sections_limits import ClientSettings
from mxward.model import Stage

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "configuration.md").read_text()
ENTRIES: dict[str, type[BaseModel]] = {
    "scanners": ScannerSettings,
    "trust": TrustSettings,
    "clients": ClientSettings,
    "waivers": WaiverSettings,
    "services": ServiceSettings,
}
KEYS = [
    (table, key)
    for table, field in Config.model_fields.items()
    for key in (ENTRIES.get(table) or type(field.default)).model_fields
]
WORDS = {"nul": "reject"}  # defaults that the code has otherwise


def row(table: str, key: str) -> str:
    """The line about a key, in the section about its table."""
    heading = rf"^## .*\[{table}(?:\.NAME)?\].*\n"
    section = re.split(heading, DOCUMENT, maxsplit=1, flags=re.MULTILINE)[1].split("\n## ")[0]
    lines = re.findall(rf"^\| [^|]*`(?:{table}\.)?{key}`[^|]*\|.*", section, re.MULTILINE)
    assert len(lines) == 1, lines
    return str(lines[0])


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_a_key(table: str, key: str) -> None:
    cell = row(table, key).split("|")[2].strip()
    model = ENTRIES.get(table) or type(Config.model_fields[table].default)
    default = plain(key, model.model_fields[key])
    try:
        assert tomllib.loads(f"default = {cell.strip('`')}")["default"] == default
    except tomllib.TOMLDecodeError:  # it is in words
        assert default in (None, [])


def plain(key: str, field: FieldInfo) -> Any:
    """A default as TOML has it; None where there is none."""
    if key in WORDS and field.default is not None:
        return WORDS[key]
    default = None if field.is_required() else field.default
    if isinstance(default, tuple):
        return [str(each) if isinstance(each, Endpoint) else each for each in default]
    return default


def test_the_configuration_of_the_readme_is_right(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert len(blocks) == 2
    path = tmp_path / "mxward.toml"
    for name in ("fullchain.pem", "key.pem"):
        (tmp_path / name).touch()
    path.write_text("".join(blocks).replace("/etc/ssl/mail", str(tmp_path)))
    config = load(path)
    assert set(config.scanners) == {"mimecast", "gateway"}
    assert config.stages_in_force == {Stage.OBSERVE, Stage.REROUTE}


def test_the_configuration_of_the_xclient_guide_is_right(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "xclient.md").read_text(), re.S)
    path = tmp_path / "mxward.toml"
    path.write_text(f'{block}[inventory]\nfiles = ["a"]\n')
    notes = [problem.severity for problem in load(path).warnings]
    assert notes == [Severity.NOTE]
