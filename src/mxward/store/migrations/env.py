"""Runs the steps on the connection, and in the transaction, that `store.opening` has begun."""

from __future__ import annotations

from alembic import context

from mxward.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
