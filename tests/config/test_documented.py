"""Every key of the configuration is in docs/configuration.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from mxward.config.document import Config
from mxward.config.sections import ScannerSettings, TrustSettings

DOCUMENT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
ENTRIES: dict[str, type[BaseModel]] = {"scanners": ScannerSettings, "trust": TrustSettings}
KEYS = [
    (table, key)
    for table, field in Config.model_fields.items()
    for key in (ENTRIES.get(table) or type(field.default)).model_fields
]


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_a_key(table: str, key: str) -> None:
    assert f"`{key}`" in DOCUMENT or f"`{table}.{key}`" in DOCUMENT
