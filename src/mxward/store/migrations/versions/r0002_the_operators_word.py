"""Trusted clients, stages with their history, findings, decisions, and what answers were before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; since when the answers say what they say is known from now on."""
    op.add_column("answers", sa.Column("since", sa.Float, nullable=False, server_default="0"))
    op.execute("UPDATE answers SET since = observed_at")
    op.create_table(
        "answer_history",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("canonical", sa.Text, nullable=False),
        sa.Column("since", sa.Float, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
    )
    op.create_index("answer_history_of", "answer_history", ["kind", "name"])
    op.create_table(
        "trust",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("network", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("certificate", sa.Text),
        sa.Column("recipients", sa.Text, nullable=False),
        sa.Column("senders", sa.Text, nullable=False),
        sa.Column("expires", sa.Float),
        sa.Column("added_at", sa.Float, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "stages",
        sa.Column("what", sa.Text, primary_key=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("set_at", sa.Float, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "stage_history",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("change", sa.Integer, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("forced", sa.Boolean, nullable=False),
        sa.Column("undoes", sa.Integer),
        sqlite_autoincrement=True,
    )
    op.create_index("stage_history_of", "stage_history", ["what"])
    op.create_index("stage_history_change", "stage_history", ["change"])
    op.create_index("stage_history_undone", "stage_history", ["undoes"])
    op.create_table(
        "findings",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("first_at", sa.Float, nullable=False),
        sa.Column("last_at", sa.Float, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("interface", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("sender_domain", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("would", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("decisions_of", "decisions", ["domain", "at"])


def downgrade() -> None:
    """Not supported: a store that is no longer understood is moved away, not taken back."""
    raise NotImplementedError
