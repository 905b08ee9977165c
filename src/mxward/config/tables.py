"""What all tables of mxward.toml are made of: and the kinds of values in them."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationInfo

from mxward import networks
from mxward.config import names, values

__all__ = ["Address", "Domain", "Path", "Table"]


def _beside(value: object, info: ValidationInfo) -> str:
    """A path or pattern; a relative one starts where the configuration file is."""
    folder: FilePath = (info.context or {}).get("folder", FilePath())
    return str(folder / values.path(value))


Address = Annotated[networks.Address, PlainValidator(values.address)]
Domain = Annotated[str, PlainValidator(names.domain)]
Path = Annotated[str, PlainValidator(_beside)]


class Table(BaseModel):
    """A table of the file; field names are its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)
