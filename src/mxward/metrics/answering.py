"""Answers whoever asks: GET /metrics for Prometheus, GET /health for a monitor or a load balancer.

One request at a time, in a thread of its own, so that the event loop has no part in it; what a
client may send, and how long it may take for it, is bounded. Every worker listens on the same
socket, and answers for all. Supported: HTTP/1.0 and 1.1 without keeping the connection. Not
supported: TLS, passwords: the listener belongs on loopback, or on a network of the operator's own.
"""

from __future__ import annotations

import io
import json
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer, TCPServer
from threading import Thread
from typing import Any

from mxward.metrics.board import Board
from mxward.metrics.exposition import CONTENT_TYPE, exposition
from mxward.metrics.health import health

__all__ = ["Answering", "answer"]

LARGEST = 8192
"""Octets of a request."""
PATIENCE = 2.0
"""Seconds for a request to come, and as many for the answer to be taken."""
_POLL = 0.5


class Answering:
    """A listener that is answered on, until it is stopped, or the process ends."""

    def __init__(self, server: TCPServer) -> None:
        self._server = server
        Thread(target=self._answer, name="metrics", daemon=True).start()

    def stop(self) -> None:
        """Answer no more, in a moment: other processes may go on. Does not wait."""
        Thread(target=self._server.shutdown, name="metrics-end", daemon=True).start()

    def _answer(self) -> None:
        self._server.serve_forever(_POLL)
        self._server.server_close()


def answer(
    listener: socket.socket, board: Board, clock: Callable[[], float] = time.monotonic
) -> Answering:
    """Answer on a listening socket from now on, from what is on the board."""
    listener.setblocking(False)  # another process may have taken the client already
    return Answering(_Server(listener, board, clock))


class _Server(TCPServer):
    def __init__(self, listener: socket.socket, board: Board, clock: Callable[[], float]) -> None:
        BaseServer.__init__(self, listener.getsockname(), _Request)
        self.socket = listener
        self.board = board
        self.clock = clock

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who goes away early is nobody's trouble; a mistake of ours is told on standard error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Request(BaseHTTPRequestHandler):
    server: _Server
    default_request_version = "HTTP/1.0"  # HTTP/0.9 has no status line: nobody speaks it

    def setup(self) -> None:
        """Read the whole head first: then nothing that follows waits for the client."""
        self.connection = self.request
        self.rfile = io.BytesIO(_head(self.connection))
        self.wfile = self._said = io.BytesIO()
        self.close_connection = True

    def finish(self) -> None:
        self.connection.settimeout(PATIENCE)
        with suppress(OSError):
            self.connection.sendall(self._said.getvalue())

    def do_GET(self) -> None:
        board, clock = self.server.board, self.server.clock
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._say(200, CONTENT_TYPE, exposition(board, clock))
        elif path == "/health":
            found = health(board, clock())
            text = json.dumps({"well": found.well, "wrong": found.wrong, "workers": found.workers})
            self._say(200 if found.well else 503, "application/json", f"{text}\n".encode())
        else:
            self._say(404, "text/plain", b"There are /metrics and /health.\n")

    def version_string(self) -> str:
        return "mxward"

    def log_message(self, format: str, *args: Any) -> None:
        """The log is for mail."""

    def _say(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _head(client: socket.socket) -> bytes:
    """A request's head, or as much of it as came in time; empty where it is too large."""
    head = b""
    end = time.monotonic() + PATIENCE
    while b"\r\n\r\n" not in head and len(head) <= LARGEST:
        left = end - time.monotonic()
        if left <= 0:
            return b""
        client.settimeout(left)
        try:
            block = client.recv(LARGEST)
        except OSError:
            return b""
        if not block:
            return b""
        head += block
    return head if len(head) <= LARGEST else b""
