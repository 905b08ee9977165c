"""Alembic's steps. They are run by `store.opening`, never by hand."""
