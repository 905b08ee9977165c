"""What is kept is complete, one's own, and only one's."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxward.reports.follow.keeping import Keeper, KeepingError


def test_there_and_back(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "new" / "follow.json")
    assert keeper.kept == {}
    keeper.keep({"logs": {"a": [1, "\udcff\u00e4"]}})
    keeper.keep({"logs": {"a": [2, "\udcff\u00e4"]}})
    keeper.close()
    assert Keeper(tmp_path / "new" / "follow.json").kept == {"logs": {"a": [2, "\udcff\u00e4"]}}
    assert [path.name for path in (tmp_path / "new").iterdir() if path.suffix == ".new"] == []


def test_only_one_has_it(tmp_path: Path) -> None:
    first = Keeper(tmp_path / "follow.json")
    with pytest.raises(KeepingError, match="another mxward follow has it"):
        Keeper(tmp_path / "follow.json")
    first.close()
    Keeper(tmp_path / "follow.json").close()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"version": 2, "sha256": "", "kept": "{}"}', "[" * 100_000]
)
def test_what_is_not_its_own_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "follow.json").write_text(text)
    with pytest.raises(KeepingError, match="is damaged, or another mxward's; remove it"):
        Keeper(tmp_path / "follow.json")


def test_a_changed_octet_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "follow.json"
    keeper = Keeper(path)
    keeper.keep({"logs": {"a": 41}})
    keeper.close()
    path.write_text(path.read_text().replace("41", "42"))
    with pytest.raises(KeepingError, match="is damaged"):
        Keeper(path)
