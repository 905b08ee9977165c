"""The catalogue of scanning services: what comes with mxward, and what the operator adds."""

from __future__ import annotations

import tomllib
from importlib import resources

from mxward.audit.services import Services, read
from mxward.config.document import Config

__all__ = ["catalogue", "shipped"]


def shipped() -> Services:
    """What comes with mxward. Raises ValueError where it is wrong, which a test forbids."""
    text = (resources.files("mxward.audit") / "services.toml").read_text("utf-8")
    tables = tomllib.loads(text)["services"]
    return Services(read(name, table) for name, table in tables.items())


def catalogue(config: Config) -> Services:
    """All services that are known."""
    return shipped().adding(
        table.service(name, config.place("services", name))
        for name, table in config.services.items()
    )
