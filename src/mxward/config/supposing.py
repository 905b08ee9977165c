"""What would stand against a configuration if the store said more: the same checks, once more.

What is set while mxward runs has to be as right as what is written: a stage that is not safe
without a key of the configuration is no safer for standing in the store.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from mxward.config.checks import check
from mxward.config.document import Config
from mxward.config.mistakes import mistake
from mxward.config.problems import Finding, Problem, Severity
from mxward.config.sections_entries import TrustSettings
from mxward.model import Stage, Trust

__all__ = ["staged", "trusting"]


def staged(config: Config, stages: Collection[Stage]) -> tuple[Problem, ...]:
    """The mistakes and warnings that are there only while domains have these stages too."""
    if config.stages_in_force.issuperset(stages):
        return ()
    some = {
        stage.value: (*getattr(config.stages, stage.value), f"{stage}.invalid") for stage in stages
    }
    supposed = config.model_copy(update={"stages": config.stages.model_copy(update=some)})
    return tuple(
        Problem(config.place(*each.path), each.text, each.severity)
        for each in _new(config, supposed)
    )


def trusting(config: Config, given: dict[str, Any]) -> Trust:
    """A trusted client, read as a table of [[trust]] is; only given keys are there.

    Raises ValueError with one line for the first mistake.
    """
    try:
        entry = TrustSettings.model_validate(given)
    except ValidationError as error:
        raise ValueError(mistake(error.errors(include_url=False)[0])) from None
    supposed = config.model_copy(update={"trust": (*config.trust, entry)})
    for each in _new(config, supposed):
        if each.severity is Severity.ERROR:
            raise ValueError(each.text.removeprefix("trust.").removeprefix("trust: "))
    return entry.trust("")


def _new(before: Config, after: Config) -> list[Finding]:
    """What is found of one configuration and not of the other."""
    now = time.time()
    known = {replace(each, path=()) for each in check(before, (), now)}
    return [each for each in check(after, (), now) if replace(each, path=()) not in known]
