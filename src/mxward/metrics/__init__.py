"""Count what happens, in every worker, and tell it to whoever asks.

board   numbers in memory that all processes share
"""
