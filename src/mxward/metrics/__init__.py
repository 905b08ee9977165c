"""Count what happens, in every process, and tell it to whoever asks.

metric      what a metric is; catalogue: all there are
board       numbers in memory that all processes share
events      counts what the log is told
onward      counts connections onward; asking: questions to the DNS; times: how long it took
health      whether all is well
exposition  the board in Prometheus' words
answering   /metrics and /health
recent      decisions of the last minute; glance: how all stands; telling: the socket for that

What the numbers are kept on is made by whoever starts the processes: `board(processes)`, of which
row `processes` is the starter's own. `answering` is not imported here: its library is large.
"""

from mxward.metrics import catalogue
from mxward.metrics.board import Board, Row
from mxward.metrics.catalogue import HEARTBEAT, PID, SEAT
from mxward.metrics.events import EventCounts

__all__ = ["HEARTBEAT", "PID", "SEAT", "Board", "EventCounts", "Row", "board"]


def board(processes: int) -> Board:
    """A board for so many worker processes at once, and one row more, for their starter."""
    return Board(processes + 1, catalogue.columns(), catalogue.lasting())
