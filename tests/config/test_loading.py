"""Every mistake and every warning, word for word: mistakes.txt, warnings.txt."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.config import ConfigError, Problem, Severity, load

HERE = Path(__file__).parent
NOW = 1_800_000_000  # 2027-01-15 08:00:00 UTC


def cases(name: str) -> Iterator[object]:
    """`== title`, a configuration, `--`, and the lines that are expected."""
    for block in (HERE / name).read_text().split("== ")[1:]:
        title, _, rest = block.partition("\n")
        text, _, expected = rest.partition("\n--\n")
        yield pytest.param(f"{text}\n", [line for line in expected.split("\n") if line], id=title)


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    try:
        return load(_write(folder, text), now=NOW).warnings
    except ConfigError as error:
        return error.problems


def mistakes(folder: Path, found: tuple[Problem, ...]) -> list[str]:
    """As they are shown, without the folder."""
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    return [str(error).removeprefix(f"{folder}/") for error in errors]


@pytest.mark.parametrize(("text", "expected"), list(cases("mistakes.txt")))
def test_a_mistake_is_told_with_its_line_and_its_mend(
    text: str, expected: list[str], tmp_path: Path
) -> None:
    assert mistakes(tmp_path, problems(tmp_path, text)) == expected
    assert expected


@pytest.mark.parametrize(("text", "expected"), list(cases("warnings.txt")))
def test_a_warning_is_told_and_nothing_else(text: str, expected: list[str], tmp_path: Path) -> None:
    told = [str(found).removeprefix(f"{tmp_path}/") for found in problems(tmp_path, text)]
    assert told == expected


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        load(tmp_path / "nowhere.toml")
    assert str(told.value) == (
        f"{tmp_path}/nowhere.toml: no such file; write one, or name another with --config"
    )
    with pytest.raises(ConfigError) as told:
        load(tmp_path)
    assert str(told.value) == f"{tmp_path}: cannot be read: Is a directory"


def test_a_key_that_is_closed_to_whoever_asks() -> None:
    """It is open to mxward's own user, as far as anybody else can know: a warning."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "mx.key").touch(mode=0o000)
        file = _write(folder, '[tls]\ncertificates = [{ chain = "/dev/null", key = "mx.key" }]\n')
        with _nobody():
            told = [str(problem) for problem in load(file).warnings if "key" in problem.text]
    assert told == [
        f"{file}:2: warning: tls.certificates.key: {folder}/mx.key cannot be read by whoever asks "
        "here; mxward's own user must be able to"
    ]


@contextmanager
def _nobody() -> Iterator[None]:
    """Root may read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_text_that_is_no_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "mxward.toml"
    file.write_bytes(b"[server]\n# caf\xe9\n")
    with pytest.raises(ConfigError) as told:
        load(file)
    assert str(told.value) == f"{file}:2: no UTF-8 text; save the file as UTF-8"


def test_lists_within_lists_do_not_exhaust_the_stack(tmp_path: Path) -> None:
    found = problems(tmp_path, f"a = {'[' * 5_000}{']' * 5_000}\n")
    assert [problem.text for problem in found] == ["no TOML: lists within lists, too deep to read"]


def test_warnings_are_shown_beside_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        load(_write(tmp_path, '[policy]\nstage = "x"\n'))
    assert [problem.severity for problem in told.value.problems] == [
        Severity.WARNING,  # no inventory
        Severity.WARNING,  # no upstream
        Severity.ERROR,
    ]


TABLES = (
    *("server", "inventory", "policy", "stages", "scanners", "scanners.a", "dns", "log", "x"),
    *("tls", "tls.certificates", "limits", "timeouts", "content", "clients"),
    "intercept",
)
KEYS = (
    *("listen", "upstream", "files", "stage", "reroute", "mx", "egress", "timeout", "owner", "x"),
    *("proxy_from", "auth", "certificates", "chain", "minimum", "line", "message_size", "reply"),
    *("newlines", "network", "certificate", "pool", "upstream_tls"),
    *("layout", "interfaces", "servers", "ports", "tls_ports", "mark"),
)
VALUES = (
    *('"a"', "1", "true", "1.5", "[]", '["a.example", 2]', "2027-01-01", "{a = 1}", "[[]]"),
    *('"gateway"', "[25]", '["wan"]'),
    *('"verified"', '"xclient"', '"0.0.0.0/0"', '["::/0"]', '[{chain = "/", key = 1}]'),
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [f"[{table}]" for table in TABLES]
                + ["[[trust]]", "[[clients]]", "[[tls.certificates]]"]
            ),
            st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)),
        ),
        max_size=6,
    )
)
def test_no_document_is_too_strange(
    tmp_path_factory: pytest.TempPathFactory, document: list[tuple[str, dict[str, str]]]
) -> None:
    text = "".join(
        f"{table}\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items())
        for table, pairs in document
    )
    folder = tmp_path_factory.getbasetemp()
    for problem in problems(folder, text):
        assert "\n" not in str(problem)
        assert problem.place.startswith(f"{folder}/mxward.toml:")


def _write(folder: Path, text: str) -> Path:
    file = folder / "mxward.toml"
    file.write_text(text)
    return file
