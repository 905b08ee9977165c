"""The sink for large messages: takes everything, reads nothing of it but the end, keeps nothing.

smtp-sink looks at each byte and tops out near 80 MB/s; this one takes some GB/s. It trusts its
clients: a dot line that happens to end a read is taken for the end of the message, and command
lines must come whole. Supported: EHLO, MAIL, RCPT, DATA, RSET, NOOP, QUIT, PIPELINING.

    python -m benchmarks.sink ADDRESS PORT
"""

from __future__ import annotations

import select
import socket
import sys

_END = b"\r\n.\r\n"
_REPLIES = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
_BUFFER = bytearray(1 << 20)
_VIEW = memoryview(_BUFFER)


class _Connection:
    """One client: in commands, or in a message of which only the last bytes are remembered."""

    def __init__(self, client: socket.socket) -> None:
        self.client = client
        self._in_message = False
        self._tail = b""

    def take(self) -> bool:
        """Read once; whether the connection goes on."""
        try:
            size = self.client.recv_into(_BUFFER)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not size:
            return False
        if self._in_message:
            self._take_message(size)
            return True
        return self._take_commands(bytes(_VIEW[:size]))

    def _take_message(self, size: int) -> None:
        self._tail = (self._tail + bytes(_VIEW[max(0, size - len(_END)) : size]))[-len(_END) :]
        if self._tail == _END:
            self._in_message = False
            self.client.send(b"250 kept nothing\r\n")

    def _take_commands(self, data: bytes) -> bool:
        verbs = [line[:4].upper() for line in data.splitlines()]
        self.client.send(b"".join(_REPLIES.get(verb, b"250 ok\r\n") for verb in verbs))
        self._in_message = b"DATA" in verbs
        self._tail = b"\r\n"  # an empty message is a dot line alone
        return b"QUIT" not in verbs


def main(address: str, port: int) -> None:
    """Serve until killed."""
    listener = socket.create_server((address, port), backlog=4096)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    connections: dict[int, _Connection] = {}
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == listener.fileno():
                client, _ = listener.accept()
                client.setblocking(False)
                client.send(b"220 sink\r\n")
                connections[client.fileno()] = _Connection(client)
                poll.register(client, select.EPOLLIN)
            elif not connections[descriptor].take():
                connections.pop(descriptor).client.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
