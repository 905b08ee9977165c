"""Every key of the configuration is in docs/configuration.md, and the README's example is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from mxward.config import load
from mxward.config.document import Config
from mxward.config.sections_entries import ScannerSettings, TrustSettings
from mxward.config.sections_limits import ClientSettings
from mxward.model import Stage

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "configuration.md").read_text()
ENTRIES: dict[str, type[BaseModel]] = {
    "scanners": ScannerSettings,
    "trust": TrustSettings,
    "clients": ClientSettings,
}
KEYS = [
    (table, key)
    for table, field in Config.model_fields.items()
    for key in (ENTRIES.get(table) or type(field.default)).model_fields
]


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_a_key(table: str, key: str) -> None:
    assert f"`{key}`" in DOCUMENT or f"`{table}.{key}`" in DOCUMENT


def test_the_configuration_of_the_readme_is_right(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert len(blocks) == 2
    path = tmp_path / "mxward.toml"
    path.write_text("".join(blocks))
    config = load(path)
    assert set(config.scanners) == {"mimecast", "gateway"}
    assert config.stages_in_force == {Stage.OBSERVE, Stage.REROUTE}
