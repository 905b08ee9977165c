"""`mxward` as a user types it: real processes, exit codes, what --help says."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest

import mxward
from mxward.cli import main
from mxward.cli.decisions import REASONS
from mxward.model import Reason
from tests.cli.place import Place

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(mxward.__file__).parents[1])}
COMMANDS = Path(__file__).parents[2] / "docs" / "commands.md"


def run(*words: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, "-m", "mxward", *words],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ("check-config --config mxward.toml", 0, ""),
        ("check-config --config wrong.toml", 78, "mxward: wrong.toml:2: server.listen: "),
        ("check-config --config nowhere.toml", 78, "mxward: nowhere.toml: no such file"),
        ("serve --config wrong.toml", 78, "mxward: wrong.toml:2: server.listen: "),
        ("serve --config vanished.toml", 78, "mxward: vanished.toml:1: server.upstream: missing"),
        (
            "explain --config wrong.toml --client 192.0.2.1 x@y.example",
            78,
            "mxward: wrong.toml:4: ",
        ),
        ("explain --config vanished.toml --client 192.0.2.1 x@y.example", 78, "gone: no such file"),
        ("explain --config mxward.toml --client 192.0.2.1 x@it.co.za", 0, ""),
        ("explain --config mxward.toml --client anna x@it.co.za", 2, "'anna' is no address"),
        ("door --config mxward.toml it.co.za", 0, ""),
        ("door --config mxward.toml --accept it.co.za", 1, "mxward: store.db: there is no store"),
        ("door --config wrong.toml it.co.za", 78, "mxward: wrong.toml:4: policy.stage: "),
        ("door --config .", 2, "is a directory"),
        ("serve --listen 25", 2, "No such option"),
        ("exlain", 2, "No such command 'exlain'"),
        ("", 2, "Usage: mxward"),
        ("--help", 0, ""),
        ("--version", 0, ""),
    ],
)
def test_exit_codes(words: str, code: int, error: str, place: Place) -> None:
    result = run(*words.split())
    assert (result.returncode, error in result.stderr) == (code, True), result.stderr
    assert "Traceback" not in result.stderr


def test_every_mistake_is_one_line(place: Place) -> None:
    result = run("serve", "--config", "wrong.toml")
    assert [line.partition(" ")[0] for line in result.stderr.splitlines()] == ["mxward:"] * 5


def test_help_loads_no_command() -> None:
    result = run("--help", python=("-X", "importtime"))
    for heavy in ("pydantic", "sqlalchemy", "dns.", "rich.", "asyncio"):
        assert f" {heavy}" not in result.stderr, heavy
    assert "Commands:" in result.stdout


def test_help_on_each_command_says_what_it_does() -> None:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        shown = command.get_help(click.Context(command, info_name=f"mxward {name}"))
        assert "Example" in shown, name
        assert "Exit codes: 0 " in shown, name


def test_the_documents_say_what_help_says() -> None:
    """`docs/commands.md` holds each --help as it is; write it anew with this test's `told()`."""
    assert COMMANDS.read_text() == told()


def told() -> str:
    context = click.Context(main, info_name="mxward", max_content_width=80)
    sections = [("mxward", main.get_help(context))]
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        sections.append((f"mxward {name}", command.get_help(inner)))
        if not isinstance(command, click.Group):
            continue
        for part in command.list_commands(inner):
            subcommand = command.get_command(inner, part)
            assert subcommand is not None
            innermost = click.Context(subcommand, info_name=part, parent=inner)
            sections.append((f"mxward {name} {part}", subcommand.get_help(innermost)))
    blocks = [f"## {title}\n\n```\n{text}\n```\n" for title, text in sections]
    return "# Commands\n\n" + "\n".join(blocks)


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals(
    environment: dict[str, str], coloured: bool, place: Place
) -> None:
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "mxward", "check-config", "--config", "mxward.toml"]
    subprocess.run(words, env=ENVIRONMENT | environment, stdout=theirs, timeout=60, check=True)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    os.close(theirs)
    assert "mxward.toml: no mistakes" in shown
    assert ("\x1b" in shown) is coloured


def test_nothing_from_outside_controls_the_terminal(place: Place) -> None:
    shown = place.shown("explain", "--client", "192.0.2.1", "x\x1b[31m\r\n@elsewhere.example")
    assert shown.startswith("192.0.2.1 brings mail for x?[31m??@elsewhere.example\n")


def test_every_reason_is_told() -> None:
    assert set(REASONS) == set(Reason)
