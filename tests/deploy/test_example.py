"""deploy/mxward.toml: check-config takes it, and every key is in it, with the code's defaults."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mxward.config import load
from mxward.config.document import Config
from tests.certificates import Authority
from tests.config.test_documented import ENTRIES, KEYS, plain

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "deploy" / "mxward.toml").read_text()
WHOLE = re.sub(r"^#(?=\[|\w+ = )", "", TEXT, flags=re.MULTILINE)
"""With every # taken away."""
PRESET = set(re.findall(r"^(\w+) = ", TEXT, re.MULTILINE))


def installed(text: str, folder: Path) -> Path:
    """A configuration with the files that it names."""
    for file in ("/etc/mxward/mx.pem", "/etc/mxward/mx.key", "/etc/localdomains"):
        assert file in text
        text = text.replace(file, str(folder / Path(file).name))
    Authority().issue("mail.provider.example").write(folder, "mx")
    (folder / "localdomains").write_text("it.co.za\n")
    path = folder / "mxward.toml"
    path.write_text(text)
    return path


def test_check_config_takes_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mxward", "check-config", "--offline", "--strict"]
    command += ["--config", str(installed(TEXT, tmp_path))]
    done = subprocess.run(command, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_example_in_it_may_be_used(tmp_path: Path) -> None:
    assert "example" in str(load(installed(WHOLE, tmp_path)).stages.by_domain())


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_a_key(table: str, key: str) -> None:
    entries = _entries(table)
    values = [entry[key] for entry in entries if key in entry]
    assert values, f"{table}.{key} is missing"
    model = ENTRIES.get(table) or type(Config.model_fields[table].default)
    default = plain(key, model.model_fields[key])
    if key not in PRESET and default not in (None, []):
        assert values == [default]


def _entries(table: str) -> list[dict[str, Any]]:
    found = tomllib.loads(WHOLE)[table]
    if table in ("scanners", "services"):
        return list(found.values())
    return found if isinstance(found, list) else [found]
