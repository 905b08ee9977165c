"""Lines come out of any file, whatever it is packed with and wherever it is broken."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.reports.ingest.sources import LONGEST, LOOKED_AT, Source, SourceError

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": lambda data: gzip.compress(data, 1),
    "bzip2": lambda data: bz2.compress(data, 1),  # blocks of 100 kB
    "xz": lambda data: lzma.compress(data, preset=0),
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
}
LINES = [b"line %d of a log, that may be broken" % number for number in range(60_000)]
TEXT = b"\n".join(LINES) + b"\n"
RANDOM = random.Random(1).randbytes(400_000).hex().encode().replace(b"a", b"\n") + b"\n"
RANDOM_LINES = RANDOM.split(b"\n")[:-1]


def read(name: str, start: int = 0, end: int | None = None) -> tuple[list[bytes], Source]:
    with Source(name, start, end) as source:
        return [line for block in source.blocks() for line in block], source


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], str]:
    def written(data: bytes) -> str:
        path = tmp_path / "log"
        path.write_bytes(data)
        return str(path)

    return written


@pytest.mark.parametrize("packer", PACKERS)
def test_every_packing_is_known_by_its_first_octets(
    packer: str, file: Callable[[bytes], str]
) -> None:
    packed = PACKERS[packer](TEXT)
    lines, source = read(file(packed))
    assert lines == LINES
    assert (source.problem, source.read, source.size) == ("", len(packed), len(packed))
    assert source.beginning == TEXT[:LOOKED_AT]
    assert source.splittable is (packer == "plain")


@pytest.mark.parametrize("packer", PACKERS)
def test_several_members_are_one_log(packer: str, file: Callable[[bytes], str]) -> None:
    pack = PACKERS[packer]
    lines, source = read(file(pack(TEXT[:999_999]) + pack(b"") + pack(TEXT[999_999:])))
    assert (lines, source.problem) == (LINES, "")


def test_a_frame_that_is_skipped_comes_before_zstd(file: Callable[[bytes], str]) -> None:
    skipped = b"\x5e\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"  # RFC 8878 3.1.2
    assert read(file(skipped + PACKERS["zstd"](TEXT)))[0] == LINES


@pytest.mark.parametrize("packer", [*PACKERS][1:])
@pytest.mark.parametrize("kept", [0.5, 0.999])
def test_what_ends_too_early_is_read_as_far_as_it_goes(
    packer: str, kept: float, file: Callable[[bytes], str]
) -> None:
    packed = PACKERS[packer](RANDOM)
    lines, source = read(file(packed[: int(len(packed) * kept)]))
    assert lines[:-1] == RANDOM_LINES[: len(lines) - 1]
    assert len(lines) > len(RANDOM_LINES) * (kept - 0.25)
    assert source.problem.endswith(f"log: ends in the middle of its {packer} stream")


@pytest.mark.parametrize("packer", [*PACKERS][1:])
def test_what_is_broken_is_read_as_far_as_it_goes(
    packer: str, file: Callable[[bytes], str]
) -> None:
    packed = PACKERS[packer](RANDOM)
    middle = len(packed) // 2
    rest = b"\xff" * middle if packer == "zstd" else b"\xff" * 8 + packed[middle + 8 :]
    lines, source = read(file(packed[:middle] + rest))  # this zstd has no checksums
    assert f"log: its {packer} stream is broken (" in source.problem
    assert "\n" not in source.problem
    right = sum(ours == theirs for ours, theirs in zip(lines, RANDOM_LINES, strict=False))
    assert right > len(RANDOM_LINES) / 4


@pytest.mark.parametrize(
    ("data", "lines", "unfinished"),
    [
        (b"", [], False),
        (b"\n", [b""], False),
        (b"a\nb\n", [b"a", b"b"], False),
        (b"a\nb", [b"a", b"b"], True),
        (b"a\r\nb\r\n", [b"a", b"b"], False),
        (b"a\r\nb\r", [b"a", b"b"], True),
        (b"a\rb\x85c\x0bd\xe2\x80\xa8e\n", [b"a\rb\x85c\x0bd\xe2\x80\xa8e"], False),
        (b"a\0b\n\0\0\n", [b"a\0b", b"\0\0"], False),
        (b"\x1f\n", [b"\x1f"], False),  # half of what gzip begins with
    ],
)
def test_lines_end_at_line_feeds_only(
    data: bytes, lines: list[bytes], unfinished: bool, file: Callable[[bytes], str]
) -> None:
    with Source(file(data)) as source:
        blocks = list(source.blocks())
    assert [line for block in blocks for line in block] == lines
    assert any(block.unfinished for block in blocks) is unfinished


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1, LONGEST + 2, 1 << 20, 5_000_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_of_a_long_line_its_beginning_is_kept(
    length: int, end: bytes, file: Callable[[bytes], str]
) -> None:
    first, long, last = b"first\n", b"x" * length + end, b"last\n" if end else b""
    lines, _ = read(file(first + long + last))
    assert lines[0] == b"first"
    assert lines[1] == b"x" * min(length, LONGEST + 1)
    assert lines[2:] == ([b"last"] if end else [])


def test_only_a_part_of_a_file(file: Callable[[bytes], str]) -> None:
    assert read(file(b"one\ntwo\nthree\n"), 4, 8)[0] == [b"two"]
    assert read(file(b"one\ntwo\nthree\n"), 4)[0] == [b"two", b"three"]
    assert read(file(TEXT), 0, 36)[0] == LINES[:1]


@pytest.mark.parametrize("packer", ["plain", "gzip"])
def test_a_fifo_is_read_once(packer: str, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(PACKERS[packer](TEXT),))
    writer.start()
    lines, source = read(str(fifo))
    writer.join()
    assert (lines, source.size, source.splittable) == (LINES, None, False)


def test_a_journal_becomes_lines(file: Callable[[bytes], str]) -> None:
    entry = (
        b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1289986081000000\n_HOSTNAME=mx1\n"
        b"SYSLOG_IDENTIFIER=exim\n_PID=7\nMESSAGE=hello\n\n"
    )
    lines, source = read(file(entry * 2))
    assert lines == [b"2010-11-17T09:28:01.000000Z mx1 exim[7]: hello"] * 2
    assert source.problem == ""
    assert read(file(entry + entry[:-9]))[1].problem.endswith("ends in the middle of an entry")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nothing", "no such file"),
        (".", "is a directory; name the logs in it"),
        ("a\0b", "embedded null byte"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_what_cannot_be_opened(name: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=f": {why}$"):
        Source(str(tmp_path / name))


def test_what_cannot_be_read_further_is_told(tmp_path: Path) -> None:
    """Reading /proc/self/mem from its beginning fails: nothing is mapped there."""
    with pytest.raises(SourceError, match=r"^/proc/self/mem: Input/output error$"):
        Source("/proc/self/mem")


@given(
    data=st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\r", b"x" * 40_000])).map(b"".join),
    cuts=st.lists(st.integers(1, 100_000), min_size=1, max_size=8),
)
def test_chunking_never_matters(data: bytes, cuts: list[int]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        whole = read(file.name)[0]
        with Source(file.name) as source:
            left, pieces = data, []
            while left:
                for cut in cuts:
                    pieces.append(left[:cut])
                    left = left[cut:]
            source.pieces = lambda: iter([piece for piece in pieces if piece])  # type: ignore[method-assign]
            assert [line for block in source.blocks() for line in block] == whole
