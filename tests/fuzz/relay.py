"""Fuzzing of the relay: random sessions made of real words, held against the laws.

    python -m tests.fuzz.relay --seconds 60 --seed 1
    python -m tests.fuzz.relay --seed 4711 --sessions 1      (one session again)

Each session has a seed of its own, and more than one client: they come one after the other, and a
mail server's connection may serve several. When a law breaks, its seed and all that happened are
printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from mxward.smtp.relay import Phase
from tests.smtp.fragments import (
    CHALLENGES,
    COMMANDS,
    DECISIONS,
    EHLOS,
    ENDINGS,
    NOISE,
    REFUSALS,
    REPLIES,
    RESPONSES,
    TEXT,
    WORLDS,
    answer_to,
)
from tests.smtp.watched import Watched, World

__all__ = ["Session", "main"]

STEPS = 120


class Session:
    """Some random clients. `play` raises what went wrong; `told` says what had happened."""

    def __init__(self, seed: int) -> None:
        self.told: list[str] = []
        self._rng = random.Random(seed)
        world: dict[str, Any] = self._rng.choice(WORLDS)
        self._world = World(**world)
        self._ehlo = self._rng.choice(EHLOS)
        self._watched = Watched(self._world)
        self._temper = self._rng.choice((0.0, 0.01, 0.05, 0.2))  # how often things go wrong
        self._pieces = self._rng.choice((0, 0, 1, 7))  # how input is cut

    def play(self) -> int:
        """The number of steps it took."""
        for n in range(STEPS):
            if self._watched.closed:
                self._watched = Watched(self._world, n)
                opening = self._rng.choice((b"", b"", b"AUTH LOGIN\r\n", b"AUTH PLAIN YQ==\r\n"))
                self._does(self._watched.client_says, COMMANDS[0] + opening)
            if self._rng.random() < self._temper:
                self._something_goes_wrong()
            else:
                self._go_on()
        return STEPS

    def _go_on(self) -> None:
        """What keeps a session going: an answer where one is owed, else the client's next words."""
        watched, far = self._watched, self._watched.far
        if watched.question is not None:
            self._does(watched.policy_says, self._rng.choice(DECISIONS))
        elif watched.securing:
            self._does(watched.client_shakes_hands)
        elif far is not None and not far.stands:
            self._does(watched.connection_stands)
        elif far is not None and far.securing:
            self._does(watched.upstream_shakes_hands)
        elif far is not None and far.owed and self._rng.random() < 0.9:
            asked = [*far.owed][: self._rng.choice((1, 1, 3, 99))]
            self._says(watched.upstream_says, b"".join(map(self._answer, asked)))
        elif far is not None and self._rng.random() < 0.02:
            self._does(watched.upstream_goes)
        else:
            self._says(watched.client_says, self._words())

    def _answer(self, asked: str) -> bytes:
        """Mostly yes; a sane upstream may refuse at any time."""
        if self._rng.random() < 0.05:
            return self._rng.choice(REFUSALS)
        return answer_to(asked, self._ehlo, self._rng.choice(CHALLENGES))

    def _words(self) -> bytes:
        if not self.told:
            return COMMANDS[self._rng.choice((0, 0, 1, 2))]
        if self._rng.random() < 0.02:
            return self._rng.choice((*ENDINGS, b"STARTTLS\r\n", b"STARTTLS\r\n"))
        if self._watched.relay.phase is Phase.AUTH_LINE:
            return self._mutated(self._rng.choice(RESPONSES))
        words = TEXT if self._watched.relay.phase is Phase.DATA else COMMANDS
        picked = self._rng.choices(words, k=self._rng.choice((1, 1, 1, 2, 5)))
        return self._mutated(b"".join(picked))

    def _mutated(self, data: bytes) -> bytes:
        while self._rng.random() < self._temper:
            at = self._rng.randint(0, len(data))
            noise = self._rng.choice((*NOISE, *TEXT, *COMMANDS))
            data = data[:at] + noise + data[at + self._rng.choice((0, 0, 1, 5)) :]
        return data

    def _something_goes_wrong(self) -> None:
        watched = self._watched
        moves: list[Callable[[], None]] = [
            lambda: self._says(watched.client_says, self._mutated(self._rng.choice(NOISE))),
            lambda: self._says(watched.client_says, self._rng.choice((*TEXT, *COMMANDS))),
            lambda: self._does(watched.policy_says_too_late, self._rng.choice(DECISIONS)),
            lambda: self._does(watched.upstream_goes),
            lambda: self._does(watched.upstream_goes),
            lambda: self._does(watched.time_runs_out),
        ]
        if watched.far is None or watched.far.stands:
            answer = self._rng.choices(REPLIES, k=self._rng.choice((1, 1, 1, 2)))
            moves += [lambda: self._says(watched.upstream_says, b"".join(answer))] * 4
        if self._rng.random() < 0.1:
            moves += [
                lambda: self._does(watched.client_ends),
                lambda: self._does(watched.client_goes),
            ]
        self._rng.choice(moves)()

    def _says(self, say: Callable[[bytes], None], data: bytes) -> None:
        """In one piece or in several, as long as there is somebody to say it to."""
        far = self._watched.far
        while data:
            size = self._rng.randint(1, self._pieces) if self._pieces else len(data)
            self._does(say, data[:size])
            data = data[size:]
            if self._watched.closed or self._watched.far is not far:
                return

    def _does(self, move: Callable[..., None], *what: object) -> None:
        self.told.append(f"{move.__name__}{what}"[:160])
        move(*what)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sessions", type=int, default=sys.maxsize)
    wanted = parser.parse_args()
    end, steps, seed = time.monotonic() + wanted.seconds, 0, wanted.seed
    while seed < wanted.seed + wanted.sessions and time.monotonic() < end:
        session = Session(seed)
        try:
            steps += session.play()
        except Exception:  # noqa: BLE001 - whatever it is, it is what we are looking for
            sys.stderr.write("\n".join([*session.told, f"seed {seed}\n"]))
            traceback.print_exc()
            return 1
        seed += 1
    sys.stdout.write(f"{seed - wanted.seed} sessions, {steps} steps, next seed {seed}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
