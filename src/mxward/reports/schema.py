"""The table of arrivals: one row for each recipient of each message, or of each attempt.

The schema is fixed: directories that were written by one mxward are read by the next. What is None
in a row is *not asked*: the log did not have it. Subjects and other content of mail are left out.

Addresses stand twice: as text, and as a key of 32 hexadecimal digits (IPv4 as ::ffff:0:0/96), so
that a network is `BETWEEN` two keys for any SQL engine.
"""

from __future__ import annotations

import pyarrow as pa

__all__ = ["SCHEMA", "VERSION"]

VERSION = 1

SCHEMA = pa.schema(
    [
        ("arrived_at", pa.timestamp("us", "UTC")),
        (
            "day",
            pa.string(),
        ),  # `2010-11-17`, of `arrived_at` in UTC; what directories are partitioned by
        ("outcome", pa.string()),  # accepted, rejected, deferred
        ("program", pa.string()),  # exim, postfix
        ("copy", pa.bool_()),  # of a rejectlog: the main log may have it too
        ("host", pa.string()),  # the mail server, where the log or the operator says so
        ("message", pa.string()),  # the mail server's id
        ("client", pa.string()),
        ("client_key", pa.string()),
        ("client_port", pa.int32()),
        ("interface", pa.string()),
        ("interface_key", pa.string()),
        ("interface_port", pa.int32()),
        ("name", pa.string()),  # forward-confirmed; "" is none
        ("helo", pa.string()),
        ("protocol", pa.string()),
        ("tls", pa.string()),  # the cipher; "" is none
        ("certificate", pa.string()),
        ("certified", pa.bool_()),
        ("authenticated", pa.string()),  # as whom; "" is nobody
        ("sender", pa.string()),  # "" is the null sender
        ("sender_domain", pa.string()),  # as `domains.normal`; "" where it has none
        ("recipient", pa.string()),
        ("recipient_key", pa.string()),  # the domain; where the recipient hides it, all of it
        ("size", pa.int64()),
        ("why", pa.string()),
        ("mx_failed", pa.bool_()),
        ("log", pa.string()),
        ("line", pa.int64()),
    ],
    metadata={"mxward": str(VERSION)},
)
"""Times are to the microsecond; sizes in octets; `line` counts from 1."""
