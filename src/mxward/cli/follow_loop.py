"""Follow logs until somebody ends it: look for news, judge them, tell them, keep how far it is."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from mxward.cli.follow_judge import Judge, Judged
from mxward.cli.follow_output import Output
from mxward.cli.follow_shown import Sum
from mxward.cli.options import remark
from mxward.reports.follow.followed import Followed, News
from mxward.reports.follow.keeping import Keeper, KeepingError
from mxward.reports.ingest.sources import SourceError

__all__ = ["Loop"]

_LOOKED_EVERY = 0.5  # seconds
_SHARE = 20
"""Keeping what is held takes no more than one part in so many of the time."""


class Loop:
    """`as_line` says how an arrival is told: a line and its style, or None for not at all."""

    def __init__(
        self,
        logs: Sequence[Followed],
        judge: Judge,
        output: Output,
        keeper: Keeper,
        as_line: Callable[[Judged, Followed], tuple[str, str] | None],
    ) -> None:
        self.sum = Sum()
        self._logs = logs
        self._judge = judge
        self._output = output
        self._keeper = keeper
        self._as_line = as_line
        self._keep_at = 0.0
        self._dirty = True  # where it begins, too
        self._said: dict[str, str] = {}  # troubles that go on

    async def run(self) -> None:
        """Until SIGINT or SIGTERM, and until what has been read by then is told."""
        ending = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, ending.set)
        while not ending.is_set():
            busy = [await self._look_into(log) for log in self._logs]
            self._keep_when_due()
            self._output.status(self.sum.status())
            if not any(busy):
                with suppress(TimeoutError):
                    await asyncio.wait_for(ending.wait(), _LOOKED_EVERY)
        self._output.status("")
        self._keep()

    async def _look_into(self, log: Followed) -> bool:
        """Whether there was anything new."""
        name = str(log.path)
        try:
            news = log.poll()
        except (OSError, SourceError) as why:
            text = str(why) if isinstance(why, SourceError) else f"{name}: {why.strerror or why}"
            self._say(name, text)
            return False
        self._say(name, "")
        if news is None:
            return False
        await self._tell(log, news)
        self._dirty = True
        return True

    async def _tell(self, log: Followed, news: News) -> None:
        if news.remarks:
            self._output.status("")
        for text in news.remarks:
            remark(text)
        judged = await self._judge.judge(news.logged)
        self.sum.add(news.logged, judged)
        lines = [line for one in judged if (line := self._as_line(one, log)) is not None]
        if lines:
            self._output.write(lines)

    def _keep_when_due(self) -> None:
        if not self._dirty or time.monotonic() < self._keep_at:
            return
        begin = time.monotonic()
        self._keep()
        end = time.monotonic()
        self._keep_at = end + max(_LOOKED_EVERY, _SHARE * (end - begin))

    def _keep(self) -> None:
        kept = dict(self._keeper.kept)
        kept["output"] = self._output.held()
        kept["logs"] = kept.get("logs", {}) | {str(log.path): log.held() for log in self._logs}
        try:
            self._keeper.keep(kept)
        except KeepingError as error:
            self._say("", str(error))
        else:
            self._dirty = False
            self._say("", "")

    def _say(self, what: str, text: str) -> None:
        """A trouble, once for as long as it goes on."""
        if text and self._said.get(what) != text:
            self._output.status("")
            remark(text)
        self._said[what] = text
