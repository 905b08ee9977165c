"""The README's own commands, for cron: on what was typed, from whatever folder they are run in."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mxward.store.database import Store
from tests.cli.place import Place

MAIN = "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination\n"
MASTER = "2525 inet n - y - - smtpd\n  -o smtpd_recipient_restrictions=reject_unauth_destination\n"
WAYS = {
    "exim": ["--tables", "lsearch", "--for", "debian"],
    "postfix": ["--tables", "lmdb", "--main-cf", "main.cf", "--master-cf", "master.cf"],
}

UNMET = "".join(
    f"mxward: {name} does not say what these rules need: see the README\n"
    for name in ("main.cf", "master.cf")
)
SAID = {"exim": (0, ""), "postfix": (4, UNMET)}  # by the files that were named


@pytest.fixture(name="typed")
def _typed(place: Place) -> Place:
    """A configuration that is not the usual one, and files beside it."""
    Store.open(place.store).close()
    (place.folder / "mxward.toml").rename("other one.toml")
    (place.folder / "some").write_text("example.org\n")
    (place.folder / "main.cf").write_text(MAIN)
    (place.folder / "master.cf").write_text(MASTER)
    return place


def commands(out: Path) -> list[list[str]]:
    """Those of mxward in the README, each as words without the first."""
    told = re.findall(r"(?:^   |`)(mxward lockdown [^\n`]+)", (out / "README.md").read_text(), re.M)
    return [shlex.split(line)[1:] for line in told]


def written(out: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("way", WAYS)
def test_cron_works_on_what_was_typed(
    typed: Place,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    out = typed.folder / "out"
    words = ["--config", "other one.toml", "--domains", "some", "--installed", str(out)]
    typed.shown("lockdown", way, *words, *WAYS[way], "own.example", "--out", "out")
    before = written(out)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    [*others, check] = commands(out)
    assert check[-1] == "--check"
    result = typed.run(*check)
    assert "0 files would be other" in result.output
    assert (result.exit_code, result.stderr) == SAID[way]
    for each in (*others, [*check[:-1], "--out", str(out)]):
        assert "0 files written" in typed.shown(*each)
    assert written(out) == before


def test_what_is_usual_is_not_said(typed: Place) -> None:
    typed.shown(
        "lockdown", "exim", "--config", "other one.toml", "--domains", "some", "--out", "out"
    )
    [keep, check] = commands(typed.folder / "out")
    here = typed.folder
    assert check == [
        *("lockdown", "exim", "--config", f"{here}/other one.toml", "--domains", f"{here}/some"),
        *("--installed", "/etc/exim4/mxward", "--check"),
    ]
    assert keep == [*check[:-1], "--out", "/etc/exim4/mxward"]
