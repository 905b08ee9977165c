"""Clients that send each message until it is taken or refused for good, as any mail server does.

Nothing that was taken may be lost, and nothing refused may be in a mailbox. A double is allowed
only for an attempt whose final dot was sent and whose answer never came (RFC 1047).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.integration.dialogue import Dialogue
from tests.integration.servers import ServerError
from tests.integration.world import EICAR, HONEST, MAIL, World

__all__ = ["ENOUGH", "Load", "judge", "under_load"]

CLIENTS = 6
PAUSE = 0.02  # seconds between two tries of a client
ENOUGH = 20  # messages that must be taken at least


@dataclass
class Load:
    """Clients that go on sending until they are told to stop; then they finish what they have."""

    rerouted: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    taken: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    doubtful: Counter[str] = field(default_factory=Counter)
    gave_up: list[str] = field(default_factory=list)

    def run(self, name: int) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            # Every third message is refused: a virus, or somebody who does not exist.
            bad = number % 3 == 0
            who = "nobody" if bad and not self.rerouted else "load"
            body = EICAR if bad and self.rerouted else "a line of the message"
            self.deliver(f"{name}-{number}", f"{who}@it.co.za", body)

    def wait_for(self, messages: int) -> None:
        """Until so many were taken, for a minute at most."""
        end = time.monotonic() + 60
        while len(self.taken) <= messages and time.monotonic() < end:
            time.sleep(PAUSE)

    def deliver(self, message: str, recipient: str, body: str) -> None:
        """Try until the message is taken or refused for good."""
        for _ in range(3000):
            code = self.attempt(message, recipient, body)
            if code == "2":
                self.taken.add(message)
                return
            if code == "5":
                self.refused.add(message)
                return
            time.sleep(PAUSE)
        self.gave_up.append(message)

    def attempt(self, message: str, recipient: str, body: str) -> str:
        """One try; the first digit of the answer that decided, empty where the line broke."""
        dot_sent = False
        try:
            with Dialogue(MAIL, source=HONEST) as client:
                client.say("EHLO client.example", "MAIL FROM:<sender@client.example>")
                answer = client.say(f"RCPT TO:<{recipient}>")
                if not answer.startswith("2"):
                    return answer[:1]
                answer = client.say("DATA")
                if not answer.startswith("354"):
                    return answer[:1]
                client.send(f"Subject: {message}\r\n\r\n")
                for _ in range(20):
                    client.send(f"{body}\r\n" * 50)
                dot_sent = True
                answer = client.say(".")
                if not answer:
                    self.doubtful[message] += 1
                return answer[:1]
        except OSError:
            if dot_sent:
                self.doubtful[message] += 1
            return ""


@contextmanager
def under_load(load: Load) -> Iterator[None]:
    """While this lasts, clients come; at its end all of them have finished what they had."""
    clients = [threading.Thread(target=load.run, args=(n,)) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield
        load.wait_for(ENOUGH)  # a busy machine gets less done in the same time
    finally:
        load.stop.set()
        for client in clients:
            client.join()


def judge(load: Load, stand: World) -> None:
    """Hold what the clients were told against the mailboxes."""
    assert load.gave_up == []
    # The scanner holds back from a destination that was away: it has its time.
    stand.scanner.wait_until(lambda: not stand.scanner.busy(), 200, "the scanner has tried it all")
    stand.scanner.wait_until(
        lambda: not any(to.startswith("load@") for to in stand.scanner.queued()),
        120,
        "the scanner has delivered all it took",
    )
    try:
        found = Counter(str(mail.message["Subject"]) for mail in stand.mail_server.mail())
    except ServerError as error:  # pragma: no cover - says what the mail server still holds
        raise AssertionError(f"mail is stuck: {error}") from error
    assert load.taken - set(found) == set(), "accepted, and not in the mailbox"
    assert load.refused & set(found) == set(), "refused, and in the mailbox"
    # A kill may also fall between the scanner's dot and its 250: its log then says as much.
    scanners = stand.scanner.log.count("message may be sent more than once")
    too_many = {m: n - 1 - load.doubtful[m] for m, n in found.items() if n - 1 > load.doubtful[m]}
    assert sum(too_many.values()) <= scanners, "more copies than doubtful attempts"
    assert len(load.taken) > ENOUGH
    assert load.refused
