"""The operator's domains: read from files and a command, and read again when they change.

What is not believed (a list that failed, is empty, or lost more than half of its domains) is told
and not applied: the last good list stays. Everything blocks; it is meant for a background thread.
Not supported: files in a data base format (CDB, LMDB: use a command such as `postmap -s`).
"""

from mxward.inventory.watch import Inventory, Reading

__all__ = ["Inventory", "Reading"]
