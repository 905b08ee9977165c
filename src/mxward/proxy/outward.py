"""The way onward of one client's session: its upstream connection of the moment, new or kept."""

from __future__ import annotations

from collections.abc import Callable

from mxward.proxy.shared import Shared
from mxward.proxy.upstream import UpstreamConnection
from mxward.smtp.vocabulary import (
    Abort,
    Connect,
    Connected,
    Endpoint,
    Event,
    Finish,
    Keep,
    SecureUpstream,
    SendUpstream,
)

__all__ = ["Outward"]


def _nobody(_: object = None) -> None:
    pass


class Outward:
    """Carries out what the relay wishes of the upstream; `full` says that it takes no more."""

    __slots__ = ("_endpoint", "_regulate", "_shared", "_tell", "_upstream", "full")

    def __init__(
        self, shared: Shared, tell: Callable[[Event], None], regulate: Callable[[], None]
    ) -> None:
        self.full = False
        self._shared = shared
        self._tell = tell
        self._regulate = regulate  # called when `full` has changed
        self._upstream: UpstreamConnection | None = None
        self._endpoint: Endpoint | None = None  # where it leads

    def connect(self, effect: Connect) -> None:
        endpoint, shared = effect.endpoint, self._shared
        self._endpoint = endpoint
        kept = shared.pool.take(endpoint) if effect.kept else None
        if kept is not None:
            shared.onward.reused(endpoint)
            self._upstream, extensions = kept
            self._upstream.adopt(self._tell, self._on_full)
            self._tell(Connected(extensions))
            return
        self._upstream = UpstreamConnection(
            self._tell, self._on_full, self._on_trouble, self._on_made
        )
        source = shared.source_for(endpoint, effect.source)
        self._upstream.open(endpoint, source, shared.settings.timeouts.connect)

    def secure(self, effect: SecureUpstream) -> None:
        if self._upstream is not None:
            shared, endpoint = self._shared, effect.endpoint
            name = endpoint.name or str(endpoint.address)
            seconds = shared.settings.timeouts.handshake
            self._upstream.secure(shared.upstream_contexts[endpoint.tls], name, seconds)

    def send(self, effect: SendUpstream) -> None:
        if self._upstream is not None:
            self._upstream.write(effect.data)

    def keep(self, effect: Keep) -> None:
        upstream = self._leave()
        if upstream is not None:
            upstream.resume()  # this client may take no more: the next one does
            self._shared.pool.put(effect.endpoint, upstream, effect.extensions)
            self._on_full(False)

    def finish(self, _: Finish) -> None:
        upstream = self._leave()
        if upstream is not None:
            upstream.finish()

    def abort(self, effect: Abort) -> None:
        if effect.why:
            self._on_trouble(effect.why)
        upstream = self._leave()
        if upstream is not None:
            upstream.abort()

    def hold(self, held: bool) -> None:
        """Take nothing from the upstream, or go on: the client takes no more, or does again."""
        if self._upstream is not None and held:
            self._upstream.pause()
        elif self._upstream is not None:
            self._upstream.resume()

    def let_go(self) -> None:
        """The session is over: nothing is told to it, so that it needs no garbage collector."""
        self._tell = self._regulate = _nobody

    def _leave(self) -> UpstreamConnection | None:
        upstream, self._upstream = self._upstream, None
        return upstream

    def _on_made(self, seconds: float) -> None:
        if self._endpoint is not None:
            self._shared.onward.made(self._endpoint, seconds)

    def _on_trouble(self, why: str) -> None:
        if self._endpoint is not None:
            self._shared.failed(self._endpoint, why)

    def _on_full(self, full: bool) -> None:
        self.full = full
        self._regulate()
