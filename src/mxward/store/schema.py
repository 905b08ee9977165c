"""The tables of the store. A change here is a new step in `migrations/` and a new REVISION.

Never any content of mail: the store knows domains, hosts and scanners, and who was told what.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, LargeBinary, MetaData, Table, Text

__all__ = ["REVISION", "accepted", "answers", "egress", "metadata", "secrets", "sizes"]

REVISION = "0001"
"""The newest step: a file that is there need not be migrated, nor alembic be loaded."""

metadata = MetaData()

answers = Table(  # what is remembered of one question to the DNS
    "answers",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("data", Text, nullable=False),  # the values, a JSON list
    Column("canonical", Text, nullable=False),
    Column("observed_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("former", Text, nullable=False),  # a JSON list of (value, gone at), or ""
    sqlite_with_rowid=False,
)

egress = Table(  # what a scanner's SPF names have come to
    "egress",
    metadata,
    Column("scanner", Text, primary_key=True),
    Column("history", Text, nullable=False),  # JSON
)

accepted = Table(  # the operator's word for what was held of a scanner
    "accepted",
    metadata,
    Column("scanner", Text, primary_key=True),
    Column("at", Float, nullable=False),
)

sizes = Table(  # how much there was of something when mxward last ran
    "sizes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
