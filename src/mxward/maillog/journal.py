"""systemd's journal, as `journalctl -o export` writes it -> lines as syslog would have them.

https://systemd.io/JOURNAL_EXPORT_FORMATS: entries are fields, one a line, and end with an empty
line; a field that is no text stands as its name, a line feed, its length in 8 octets, the least
significant first, and its octets. Supported: any chunking, fields of any length (cut), clocks of
the program and of journald. Not supported: journald's own files, `-o json`.

Times are in UTC. A line feed within a message becomes `#012`, as rsyslog has it: nobody but the
mail server begins a line.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["Journal", "is_journal"]

LONGEST = 64 * 1024
"""Octets of a field that are kept."""

_FIRST_FIELDS = (b"__CURSOR=", b"__REALTIME_TIMESTAMP=", b"__SEQNUM=", b"__MONOTONIC_TIMESTAMP=")
_WANTED = {
    b"MESSAGE",
    b"SYSLOG_IDENTIFIER",
    b"SYSLOG_PID",
    b"_COMM",
    b"_HOSTNAME",
    b"_PID",
    b"_SOURCE_REALTIME_TIMESTAMP",
    b"__REALTIME_TIMESTAMP",
}
_NAME = re.compile(rb"[A-Z0-9_]{1,256}\Z")
_NOT_IN_HOST = re.compile(rb"[\x00-\x20]")
_NOT_IN_TAG = re.compile(rb"[][ :()<>=,\x00-\x1f]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_9999 = 253_370_764_800 * 10**6
_LENGTH = 8
_LONGEST_NAME = 300  # with its `=`


def is_journal(head: bytes) -> bool:
    """Whether a file begins as a journal does; 16 octets tell."""
    return len(head) > 4 and any(
        head.startswith(name) or name.startswith(head) for name in _FIRST_FIELDS
    )


class Journal:
    """Decodes one journal, as much at a time as there is. Bounded; never raises.

    `problem` says what was wrong with it, in the end: what could be read was given before.
    """

    def __init__(self) -> None:
        self.problem = ""
        self._rest = b""  # what is not decoded yet: less than a line or a length
        self._fields: dict[bytes, bytes] = {}
        self._begun = False  # whether any field of the entry was there, wanted or not
        self._name = b""  # of the field whose length or octets come next
        self._kept: list[bytes] = []  # its octets
        self._kept_length = 0
        self._left = 0  # how many of them are still to come, with the line feed after them
        self._long = False  # in the rest of a text that is longer than is kept

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines of the entries that end in this piece, without line ends."""
        lines: list[bytes] = []
        data = self._rest + piece if self._rest else piece
        at = 0
        while at < len(data):
            if self._left:
                at = self._octets(data, at)
            elif self._name:
                if len(data) - at < _LENGTH:
                    break
                self._left = int.from_bytes(data[at : at + _LENGTH], "little") + 1
                self._kept, self._kept_length = [], 0
                at += _LENGTH
            else:
                end = data.find(b"\n", at)
                if end < 0:
                    at = self._unfinished(data, at)
                    break
                self._line(data[at:end], lines)
                at = end + 1
        self._rest = data[at:]
        return lines

    def end(self) -> list[bytes]:
        """Nothing more will come: the last entry, where it is whole but for the empty line."""
        lines: list[bytes] = []
        if self._rest or self._name or self._long:
            self._wrong("ends in the middle of an entry")
            self._fields, self._rest = {}, b""
        elif self._begun:
            self._entry(lines)
        return lines

    def _unfinished(self, data: bytes, at: int) -> int:
        """A text whose end is still to come; where what is kept of it begins."""
        if len(data) - at <= LONGEST + _LONGEST_NAME:
            return at
        if not self._long:
            self._line(data[at : at + LONGEST + _LONGEST_NAME], [])
            self._long = True
        return len(data)

    def _line(self, line: bytes, lines: list[bytes]) -> None:
        if self._long:  # the rest of what has been taken already
            self._long = False
        elif not line:
            self._entry(lines)
        else:
            self._begun = True
            name, equals, value = line.partition(b"=")
            if not _NAME.match(name):
                self._wrong("has a line that is no field")
            elif not equals:
                self._name = name
            elif name in _WANTED:
                self._fields[name] = value[:LONGEST]

    def _octets(self, data: bytes, at: int) -> int:
        """Take what there is of a field that is no text."""
        taken = data[at : at + self._left]
        self._left -= len(taken)
        room = LONGEST + 1 - self._kept_length
        if self._name in _WANTED and room > 0:
            self._kept.append(taken[:room])
            self._kept_length += len(self._kept[-1])
        if self._left == 0:
            if taken[-1:] != b"\n":
                self._wrong("has a field that is longer than it says")
            elif self._name in _WANTED:
                octets = b"".join(self._kept)
                self._fields[self._name] = octets[: min(LONGEST, len(octets) - 1)]
            self._name = b""
        return at + len(taken)

    def _entry(self, lines: list[bytes]) -> None:
        """The end of an entry. Those without a message are none of a mail server's."""
        fields, self._fields = self._fields, {}
        begun, self._begun = self._begun, False
        if begun and b"MESSAGE" in fields:
            lines.append(_as_syslog(fields))

    def _wrong(self, what: str) -> None:
        self.problem = self.problem or what


def _as_syslog(fields: dict[bytes, bytes]) -> bytes:
    stamp = _stamp(fields.get(b"_SOURCE_REALTIME_TIMESTAMP", b"")) or _stamp(
        fields.get(b"__REALTIME_TIMESTAMP", b"")
    )
    host = _NOT_IN_HOST.sub(b"_", fields.get(b"_HOSTNAME", b""))[:255] or b"-"
    program = fields.get(b"SYSLOG_IDENTIFIER") or fields.get(b"_COMM") or b"-"
    program = _NOT_IN_TAG.sub(b"_", program)[:128]
    pid = fields.get(b"_PID") or fields.get(b"SYSLOG_PID", b"")
    if pid.isdigit() and len(pid) <= 10:
        program += b"[" + pid + b"]"
    message = fields[b"MESSAGE"].replace(b"\n", b"#012")
    return b"%s %s %s: %s" % (stamp or b"-", host, program, message)


def _stamp(microseconds: bytes) -> bytes:
    """`2026-11-24T10:00:00.123456Z`; empty where it is no time."""
    if not microseconds.isdigit() or len(microseconds) > 18:
        return b""
    since = int(microseconds)
    if since >= _YEAR_9999:
        return b""
    at = _EPOCH + timedelta(microseconds=since)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode("ascii")
