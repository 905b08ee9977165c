"""Take in: log files -> the table of arrivals.

sources      files, whatever they are packed with, -> lines, in bounded memory
reading      one log, or a part of it -> what it tells; `afterwards`: and what later logs tell of it
boundaries   where a log can be cut into parts; `series`: which log goes on where another ends
rows         what is told -> columns; `partitions`: rows -> files of one day each
tasks        all of that for one part; `workers`: in several processes
books        which log is which, where its rows belong, and what was counted
ingesting    who reads what

A log whose rows are published was read as far as it goes. Whatever ends an ingest before leaves the
table as it was.
"""

from __future__ import annotations

from mxward.reports.ingest.books import Outcome
from mxward.reports.ingest.ingesting import Progress, ingest
from mxward.reports.zones import zone_named

__all__ = ["Outcome", "Progress", "ingest", "zone_named"]
