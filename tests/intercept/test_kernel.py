"""What programs refuse, in one line with the mend. The programs here are scripts of the tests'."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxward.intercept import kernel
from mxward.intercept.kernel import KernelError, NotThere

_TPROXY = """/dev/stdin:21:3-50: Error: Could not process rule: No such file or directory
meta l4proto tcp tproxy to :2525 meta mark set 28024
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
"""
SAID = [
    (
        _TPROXY,
        "this kernel has no tproxy for nftables; load nft_tproxy, "
        'or write intercept.method = "redirect"',
    ),
    (
        "x:1: Error: Could not process rule: Operation not supported\nsocket transparent 1\n",
        "this kernel has no socket for nftables; load nft_socket",
    ),
    (
        "Error: Could not process rule: Operation not permitted\n",
        "nft: not permitted; run it as root, or with CAP_NET_ADMIN",
    ),
    ("\nError: syntax error\nmore\n", "nft -f - failed: Error: syntax error"),
    ("", "nft -f - failed: said nothing"),
]


@pytest.fixture(autouse=True)
def _path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")


def program(folder: Path, script: str, name: str = "nft") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(("said", "told"), SAID)
def test_a_refusal(tmp_path: Path, said: str, told: str) -> None:
    (tmp_path / "said").write_text(said)
    program(tmp_path, f"cat {tmp_path}/said >&2; exit 1")
    with pytest.raises(KernelError) as raised:
        kernel.nft("table inet mxward {\n}\n")
    assert str(raised.value) == told


def test_what_is_not_there(tmp_path: Path) -> None:
    program(tmp_path, "echo 'RTNETLINK answers: No such process' >&2; exit 2", name="ip")
    with pytest.raises(NotThere, match=r"^ip route del failed: RTNETLINK answers: No such process"):
        kernel.run("ip", "route", "del")


def test_a_program_that_is_missing() -> None:
    with pytest.raises(KernelError, match=r"^no-such-nft is missing; install no-such-nft$"):
        kernel.run("no-such-nft")


def test_no_shell_reads_what_is_given(tmp_path: Path) -> None:
    program(tmp_path, 'cat; printf "<%s>" "$@"')
    assert kernel.run("nft", "$(id)", "a b", given="`id`") == "`id`<$(id)><a b>"


def test_answers_in_json(tmp_path: Path) -> None:
    program(tmp_path, "echo '[1]'")
    assert kernel.ask("nft") == [1]
    program(tmp_path, "true")  # `ip -j` of some versions, where there is nothing
    assert kernel.ask("nft") == []
    program(tmp_path, "echo no")
    with pytest.raises(KernelError, match="did not answer in JSON"):
        kernel.ask("nft")
