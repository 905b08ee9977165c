"""The tables of the store. A change here is a new step in `migrations/` and a new REVISION.

Never any content of mail: the store knows domains, hosts and scanners, and who was told what.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text

__all__ = [
    "REVISION",
    "accepted",
    "answer_history",
    "answers",
    "audit_doors",
    "audit_fronts",
    "audit_runs",
    "decisions",
    "egress",
    "findings",
    "metadata",
    "secrets",
    "sizes",
    "stage_history",
    "stages",
    "trust",
]

REVISION = "0003"
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
    Column("since", Float, nullable=False, server_default="0"),  # when it first said the same
    sqlite_with_rowid=False,
)

answer_history = Table(  # what was answered before, and over what time
    "answer_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("canonical", Text, nullable=False),
    Column("since", Float, nullable=False),
    Column("until", Float, nullable=False),  # when something else was answered first
    Index("answer_history_of", "kind", "name"),
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

trust = Table(  # clients that may use the back door; one of network, name and certificate is set
    "trust",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("network", Text),
    Column("name", Text),
    Column("certificate", Text),
    Column("recipients", Text, nullable=False),  # a JSON list; empty: any
    Column("senders", Text, nullable=False),
    Column("expires", Float),
    Column("added_at", Float, nullable=False),
    Column("added_by", Text, nullable=False),
    sqlite_autoincrement=True,  # an id that somebody has noted down never means another entry
)

stages = Table(  # by domain, `*.domain`, or `*` for all
    "stages",
    metadata,
    Column("what", Text, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("set_at", Float, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("note", Text, nullable=False),
)

stage_history = Table(  # who changed what
    "stage_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("change", Integer, nullable=False),  # the same for all that were changed together
    Column("what", Text, nullable=False),
    Column("before", Text),  # None: the store said nothing of it
    Column("after", Text),
    Column("at", Float, nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("forced", Boolean, nullable=False),
    Column("undoes", Integer),  # the id of what was rolled back
    Index("stage_history_of", "what"),
    Index("stage_history_change", "change"),
    Index("stage_history_undone", "undoes"),
    sqlite_autoincrement=True,
)

findings = Table(  # what the operator should hear of once
    "findings",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("first_at", Float, nullable=False),
    Column("last_at", Float, nullable=False),
    Column("times", Integer, nullable=False),
)

decisions = Table(  # who came lately by the back door, or was not let in
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("client", Text, nullable=False),
    Column("interface", Text, nullable=False),  # the address that the client connected to
    Column("domain", Text, nullable=False),
    Column("sender_domain", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("would", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("decisions_of", "domain", "at"),
)

audit_runs = Table(
    "audit_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float, nullable=False),
    Column("domains", Integer, nullable=False),
    Column("probed", Boolean, nullable=False),
    Column("partial", Boolean, nullable=False),
    Column("sources", Text, nullable=False),  # the addresses that it was probed from
)

audit_doors = Table(  # what a server did with a domain's mail, as long as that was the same
    "audit_doors",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("server", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("first_at", Float, nullable=False),
    Column("last_at", Float, nullable=False),
    Index("audit_doors_of", "domain", "server", "port", "last_at"),
)

audit_fronts = Table(  # each domain's front door as an audit last saw it; words, set off by spaces
    "audit_fronts",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("hosts", Text, nullable=False),
    Column("addresses", Text, nullable=False),
    Column("scanners", Text, nullable=False),
    Column("seen_at", Float, nullable=False),
    sqlite_with_rowid=False,
)
