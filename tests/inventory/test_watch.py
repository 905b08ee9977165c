"""The inventory over time: files that change, vanish, shrink; a command that is due."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mxward.config import ConfigError, InventorySettings
from mxward.domains import Domains
from mxward.inventory import Inventory, Reading

PAUSE = 0.25  # seconds from poll to poll
SETTLING = 9  # polls until a change is read: 2 seconds


def inventory(
    *files: Path | str, command: list[str] | None = None, every: float = 300
) -> Inventory:
    settings = InventorySettings.model_validate(
        {"files": [str(file) for file in files], "command": command or [], "every": every}
    )
    return Inventory(settings, "mxward.toml:4")


def names(count: int) -> str:
    return "".join(f"d{number}.example\n" for number in range(count))


def poll(watched: Inventory, times: int = SETTLING) -> list[Reading]:
    """The news of some polls, one after another; no command is due."""
    moments = (number * PAUSE for number in range(times))
    return [news for now in moments if (news := watched.poll(now)) is not None]


def mistake(watched: Inventory) -> str:
    with pytest.raises(ConfigError) as told:
        watched.read()
    return str(told.value)


# -- at the start -----------------------------------------------------------------------------


def test_files_and_patterns_and_a_command_are_one_list(tmp_path: Path) -> None:
    (tmp_path / "domains.d").mkdir()
    (tmp_path / "domains.d" / "folder").mkdir()
    (tmp_path / "domains.d" / "a").write_text("a.example\n")
    (tmp_path / "domains.d" / "b").write_text("b.example\na.example\n")
    (tmp_path / "local").write_text("\ufeffc.example\r\n")
    watched = inventory(
        tmp_path / "local", tmp_path / "domains.d/*", command=["echo", "d.example\n*.e.example"]
    )
    assert watched.read() == Reading(
        Domains(["a.example", "b.example", "c.example", "d.example", "*.e.example"])
    )


def test_without_any_list_there_are_no_domains() -> None:
    assert inventory().read() == Reading(Domains())


def test_unusable_lines_are_counted_and_shown(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_bytes(b"good.example\nno@good.example\ncaf\xe9.example\n")
    reading = inventory(file).read()
    assert reading.domains == Domains(["good.example"])
    assert reading.unusable == 2
    assert reading.samples == (
        f"{file}:2: 'no@good.example' is no domain",
        f"{file}:3: 'caf\ufffd.example' is no domain",
    )


@pytest.mark.parametrize(
    ("file", "mistaken"),
    [
        ("gone", "gone: no such file"),
        ("folder", "folder: cannot be read: Is a directory"),
        ("fifo", "fifo: no regular file"),
        ("/dev/zero", "/dev/zero: no regular file"),
        ("empty", "not one domain in it"),
        ("nothing*", "not one domain in it"),
        ("useless", "useless:1: '@' is no domain"),
    ],
)
def test_a_file_that_cannot_be_had(file: str, mistaken: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty").write_text("# nothing yet\n")
    (tmp_path / "useless").write_text("@\n")
    told = mistake(inventory(tmp_path / file))
    assert told.startswith("mxward.toml:4: inventory: ")
    assert mistaken in told


def test_a_command_that_cannot_be_run(tmp_path: Path) -> None:
    assert mistake(inventory(command=["false"])) == "mxward.toml:4: inventory: false: exit code 1"
    assert mistake(inventory(command=[f"{tmp_path}/x"])) == (
        f"mxward.toml:4: inventory: {tmp_path}/x: cannot be run: No such file or directory"
    )


# -- while running ----------------------------------------------------------------------------


def test_nothing_is_read_while_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("a.example\n")
    watched = inventory(tmp_path / "list")
    watched.read()
    assert poll(watched, 20) == []


def test_a_change_is_read_once_it_has_settled(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("a.example\n")
    watched = inventory(file)
    watched.read()
    file.write_text("a.example\nb.exam")
    for now in (0.0, 0.25, 0.5, 1.75):
        assert watched.poll(now) is None
    file.write_text("a.example\nb.example\n")
    for now in (2.0, 2.25, 3.75):  # somebody is still writing
        assert watched.poll(now) is None
    assert watched.poll(4.0) == Reading(Domains(["a.example", "b.example"]))
    assert watched.poll(4.25) is None


def test_a_pause_without_polls_settles_nothing(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("a.example\n")
    watched = inventory(file)
    watched.read()
    file.write_text("a.example\nb.exam")
    assert watched.poll(0.0) is None
    file.write_text("a.example\nb.example\n")
    assert watched.poll(60.0) is None
    assert watched.poll(62.0) == Reading(Domains(["a.example", "b.example"]))


def test_the_command_waits_for_files_to_settle(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("a.example\n")
    watched = inventory(file, command=["echo", "z.example"], every=60)
    watched.read()
    assert watched.poll(0.0) is None
    file.write_text("a.example\nb.exam")
    assert watched.poll(59.0) is None
    file.write_text("a.example\nb.example\n")
    assert watched.poll(60.0) is None  # the command is due, and would bring a half-written file
    assert watched.poll(62.0) == Reading(Domains(["a.example", "b.example", "z.example"]))
    assert watched.poll(121.0) is None
    assert watched.poll(122.0) is not None


def test_new_files_of_a_pattern_and_those_that_go(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a.example\n")
    watched = inventory(tmp_path / "*")
    watched.read()
    (tmp_path / "b").write_text("b.example\n")
    assert poll(watched) == [Reading(Domains(["a.example", "b.example"]))]
    (tmp_path / "a").unlink()
    assert poll(watched) == [Reading(Domains(["b.example"]))]


def test_a_list_renamed_into_place(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("a.example\n")
    watched = inventory(file)
    watched.read()
    fresh = tmp_path / "fresh"
    fresh.write_text("b.example\n")
    times = file.stat()
    os.utime(fresh, ns=(times.st_atime_ns, times.st_mtime_ns))  # same size and time: only the inode
    fresh.rename(file)
    assert poll(watched) == [Reading(Domains(["b.example"]))]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("", "not one domain in it"),
        ("# gone\n", "not one domain in it"),
        (names(49), "shrank from 100 to 49 domains; restart mxward if it should"),
        (None, "{file}: no such file"),
    ],
)
def test_what_is_not_believed_is_told_once_and_not_applied(
    text: str | None, refused: str, tmp_path: Path
) -> None:
    file = tmp_path / "list"
    file.write_text(names(100))
    watched = inventory(file)
    good = watched.read().domains
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    assert poll(watched, 3 * SETTLING) == [Reading(good, refused.format(file=file))]
    file.write_text(names(50))
    assert poll(watched, 3 * SETTLING) == [Reading(Domains(names(50).split()))]


def test_a_domain_that_stays_is_the_same_object_in_the_next_list(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text(names(3) + "Upper.example\n")
    watched = inventory(file)
    before = watched.read().domains
    file.write_text("new.example\nUPPER.example.\n" + names(3))
    after = poll(watched)[0].domains
    for name in ("d0.example", "d2.example", "upper.example"):
        assert after.spelled(name) is before.spelled(name)
    assert (len(before), len(after)) == (4, 5)


def test_half_is_compared_with_the_last_good_list(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text(names(100))
    watched = inventory(file)
    watched.read()
    for count in (50, 25):
        file.write_text(names(count))
        assert len(poll(watched)[0].domains) == count
    file.write_text(names(12))
    assert poll(watched)[0].refused == "shrank from 25 to 12 domains; restart mxward if it should"


def test_the_command_is_run_when_it_is_due(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("a.example\n")
    watched = inventory(command=["cat", str(source)], every=60)
    watched.read()
    assert watched.poll(1_000.0) is None  # from here on it counts
    source.write_text("a.example\nb.example\n")
    assert watched.poll(1_059.0) is None
    assert watched.poll(1_060.0) == Reading(Domains(["a.example", "b.example"]))
    source.unlink()
    assert watched.poll(1_119.0) is None
    failed = watched.poll(1_120.0)
    assert failed is not None
    assert len(failed.domains) == 2
    assert failed.refused.startswith("cat: exit code 1: cat: ")
    source.write_text("c.example\n")
    assert watched.poll(1_180.0) == Reading(Domains(["c.example"]))
