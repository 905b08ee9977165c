"""mxward: every message to a domain goes in by its front door."""

__version__ = "0.1.0.dev0"
