"""`mxward policyd` as its user runs it, beside a mail server that asks it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.integration.mxward import Mxward

__all__ = ["ACL", "GUIDE", "PORT", "RESTRICTIONS", "Policyd"]

PORT = 10040
GUIDE = (Path(__file__).parents[2] / "docs" / "policyd.md").read_text()
[RESTRICTIONS] = re.findall(r"```main.cf\n(.*?)```", GUIDE, re.DOTALL)
[ACL] = re.findall(r"```exim\n(.*?)```", GUIDE, re.DOTALL)


class Policyd(Mxward):
    """`mxward policyd` on 127.0.0.1; `address` is of no matter."""

    verb = "policyd"

    def __init__(self, directory: Path, configuration: str) -> None:
        super().__init__(directory, "127.0.0.1", configuration, PORT)
