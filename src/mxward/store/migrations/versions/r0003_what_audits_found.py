"""Audits: when they ran, what servers did over time, and the front doors they saw last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "audit_runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float, nullable=False),
        sa.Column("domains", sa.Integer, nullable=False),
        sa.Column("probed", sa.Boolean, nullable=False),
        sa.Column("partial", sa.Boolean, nullable=False),
        sa.Column("sources", sa.Text, nullable=False),
    )
    op.create_table(
        "audit_doors",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("first_at", sa.Float, nullable=False),
        sa.Column("last_at", sa.Float, nullable=False),
    )
    op.create_index("audit_doors_of", "audit_doors", ["domain", "server", "port", "last_at"])
    op.create_table(
        "audit_fronts",
        sa.Column("domain", sa.Text, primary_key=True),
        sa.Column("hosts", sa.Text, nullable=False),
        sa.Column("addresses", sa.Text, nullable=False),
        sa.Column("scanners", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Not supported: a store that is no longer understood is moved away, not taken back."""
    raise NotImplementedError
