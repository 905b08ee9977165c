"""Answer: what mail servers ask about each recipient, by the same rule as the proxy."""
