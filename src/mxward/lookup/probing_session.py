"""One session of the auditor over the network: a probe, and the line that it speaks on."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from dataclasses import replace

from mxward.lookup.probing_course import Course, Outcome
from mxward.lookup.probing_line import Line, NotOurs
from mxward.lookup.probing_settings import Manners
from mxward.networks import Networks
from mxward.smtp.probe import Probe
from mxward.smtp.probed import Answered, Probed, Secured

__all__ = ["Session"]


class Session:
    """`hold` it, once. `outcome` can be asked at any time, also where it was cancelled."""

    def __init__(
        self, course: Course, allowed: Networks, tls: ssl.SSLContext, manners: Manners
    ) -> None:
        self.probe: Probe = course.session()
        self._course = course
        self._allowed = allowed
        self._tls = tls
        self._patience = manners.patience
        self._sources = manners.sources
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._blank = Probed(
            course.server,
            course.port,
            "",
            Answered.SILENT,
            tls=Secured.IMPLICIT if course.implicit else Secured.NONE,
            started_at=time.time(),
        )
        self._instead: Probed | None = None  # there was no connection

    async def hold(self) -> None:
        """From the connection to its end. Raises nothing but CancelledError."""
        line = Line(self._allowed)
        try:
            if await self._connected(line):
                await self._converse(line)
        finally:
            line.close()

    @property
    def outcome(self) -> Outcome:
        """What it has come to so far."""
        seconds = self._loop.time() - self._began
        probe, instead = self.probe, self._instead
        if instead is not None:
            domains = [each.domain for each in probe.left()]
            return Outcome([replace(instead, domain=name) for name in domains], seconds=seconds)
        return Outcome(
            probe.found(self._blank),
            probe.left(),
            probe.broke,
            probe.tls_failed,
            probe.turned_away,
            seconds,
        )

    async def _connected(self, line: Line) -> bool:
        """Whether there is a connection; else `_instead` says why not."""
        course, within = self._course, self._patience.connect
        try:
            line.wait_until(self._began + within)
            source = await line.open(course.server, course.port, self._sources)
            self._blank = replace(self._blank, source=source)
            return True
        except NotOurs as address:
            why = f"not asked: {address} is not within the networks that are given as your own"
            self._instead = replace(self._blank, answered=Answered.NOT_ASKED, why=why)
        except ConnectionRefusedError:
            why = "nobody listens: connection refused"
            self._instead = replace(self._blank, answered=Answered.UNREACHED, why=why)
        except TimeoutError:
            why = f"no connection within {within:g} s"
            self._instead = replace(self._blank, why=why)
        except OSError as broken:
            self._instead = replace(self._blank, why=f"no connection: {_said(broken)}")
        return False

    async def _converse(self, line: Line) -> None:
        probe, latest = self.probe, self._began + self._patience.session
        heard = -1
        while not probe.over:
            if probe.heard != heard:  # single octets buy no time
                heard = probe.heard
                line.wait_until(min(self._loop.time() + self._within(), latest))
            try:
                await self._step(line)
            except TimeoutError:
                late = self._loop.time() >= latest
                why = f"not done within {self._patience.session:g} s"
                probe.gone(why if late else f"silent for {self._within():g} s", self._at())
            except OSError as broken:
                probe.gone(_said(broken), self._at())

    async def _step(self, line: Line) -> None:
        """Say what there is to say, and hear what comes."""
        probe = self.probe
        said = probe.take_outgoing()
        if said:
            await line.send(said)
        if probe.securing:
            try:
                names = await line.secure(self._tls)
            except OSError as broken:  # TLS's own errors are of this kind
                why = "no answer" if isinstance(broken, TimeoutError) else _said(broken)
                probe.not_secured(why, self._at())
            else:
                probe.secured(names, self._at())
            return
        data = await line.receive()
        if data:
            probe.receive(data, self._at())
        else:
            probe.gone("it closes the connection", self._at())

    def _within(self) -> float:
        probe, patience = self.probe, self._patience
        if probe.waits_for_banner:
            return patience.banner
        return patience.farewell if probe.leaves else patience.reply

    def _at(self) -> float:
        return self._loop.time() - self._began


def _said(broken: OSError) -> str:
    """A few words on an error of the network or of TLS."""
    if isinstance(broken, ssl.SSLError):
        return f"TLS fails: {broken.reason or 'it ends early'}"
    return os.strerror(broken.errno) if broken.errno else str(broken) or "the connection broke"
