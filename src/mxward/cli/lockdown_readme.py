"""The README beside the rules: what to know, and the steps in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mxward.cli.lockdown_options import Asked
from mxward.lockdown.plan import Plan
from mxward.lockdown.written import Step, Written

__all__ = ["readme"]

_MOST = 200  # domains of each list


def readme(written: Written, found: Plan, asked: Asked) -> str:
    """All of it, as Markdown."""
    verdicts = list(found.verdicts.values())
    counts = ", ".join(f"{verdicts.count(v):,} {v}" for v in dict.fromkeys(sorted(verdicts)))
    lines = [
        f"# {written.title}",
        "",
        "Written by `mxward lockdown`; nothing of it is in force before you apply it. The files "
        f"belong into `{asked.installed}`. Domains: {counts or 'none'}.",
        "",
        "*warn*: a line in the log, no more. *defer*: 451, the client comes again. *deny*: 550.",
    ]
    for paragraph in written.know:
        lines += ["", paragraph]
    for title, steps in (
        ("Apply", written.apply),
        ("Check", written.check),
        ("Roll back", written.roll_back),
    ):
        lines += ["", f"## {title}", "", *_steps(steps)]
    for title, text in written.also.items():
        lines += ["", f"## {title}", "", text.rstrip()]
    stay = [f"{k.domain}: {k.why}" for k in found.kept if k.had]
    none = [f"{k.domain}: {k.why}" for k in found.kept if not k.had]
    without = [f"{each.domain}: {each.why}" for each in found.left_out]
    lines += _listed("Old rules that stay", stay)
    lines += _listed("No rule yet, for what is in front is not known", none)
    lines += _listed("Left out", without)
    return "\n".join(lines) + "\n"


def _steps(steps: Iterable[Step]) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield f"{number}. {step.what}"
        if step.commands:
            commands = (f"   {line}" for line in step.commands)
            yield from ("", f"   ```{step.language}", *commands, "   ```", "")


def _listed(title: str, entries: list[str]) -> list[str]:
    if not entries:
        return []
    more = [f"- and {len(entries) - _MOST:,} more"] if len(entries) > _MOST else []
    return ["", f"## {title}", "", *(f"- {entry}" for entry in entries[:_MOST]), *more]
