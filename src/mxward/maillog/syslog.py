"""What syslog and journald put before a line, and who says so: nobody who sends mail.

Supported: RFC 3164's `Nov 24 10:00:00 host exim[123]: ` (Postfix's own `maillog_file` too), the
same with an ISO timestamp (rsyslog, `journalctl -o short-iso`), both with a priority `<22>` before
them, and RFC 5424 with structured data. Not supported: lines without a program's name and a colon,
such as `last message repeated 3 times`; they have no prefix.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Prefixed", "split"]


class Prefixed(NamedTuple):
    """A line, and what stood before it. A stamp of RFC 5424 may be `-`, which is no date."""

    stamp: bytes
    host: bytes | None
    program: bytes
    pid: bytes | None
    rest: bytes


_TAG = rb"([^][ :()<>=,\x00-\x1f]{1,128})(?:\[([0-9]{1,10})\])?: ?"
_RFC3164 = rb"[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}"
_ISO = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_PRIORITY = rb"<[0-9]{1,3}>"
_PLAIN = re.compile(
    rb"(?:%s)?(%s|%s) ([^ \x00-\x1f]{1,255}) %s" % (_PRIORITY, _RFC3164, _ISO, _TAG)
)
_VALUE = rb'"(?:[^]"\\]|\\.)*"'
_ELEMENT = rb'\[[^] "=]+(?: [^] "=]+=%s)*\]' % _VALUE
_RFC5424 = re.compile(
    rb"%s1 (-|%s) ([^ ]{1,255}) ([^ ]{1,48}) (-|[^ ]{1,128}) [^ ]{1,32} (?:-|(?:%s)+)"
    rb"(?: (?:\xef\xbb\xbf)?|(?=\r?\n?\Z))" % (_PRIORITY, _ISO, _ELEMENT),
    re.DOTALL,
)


def split(line: bytes) -> Prefixed | None:
    """Take the prefix off a line; None where it has none."""
    found = _PLAIN.match(line)
    if found is None:
        found = _RFC5424.match(line) if line[:1] == b"<" else None
        if found is None:
            return None
    stamp, host, program, pid = found.groups()
    return Prefixed(
        stamp,
        None if host == b"-" else host,
        program,
        None if pid == b"-" else pid,
        line[found.end() :],
    )
