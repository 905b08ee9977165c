"""Divert: the kernel hands mxward the connections that are meant for the mail servers.

`plan` says what is diverted, `nftables` and `routes` what the kernel must be told for it: text, and
nothing else. `kernel` runs nft, ip and ss; `switch` puts interception into force and ends it, and
`loaded` reads what is in force.

Supported: IPv4 and IPv6, TPROXY and redirect, mail servers on this machine or behind it; Linux 5.9
and nftables 1.0 at least. Not supported: mail servers that are reached through a bridge, other
firewalls than nftables (they may stand beside it), clients that come from this machine itself.
"""
