"""The proxy: sockets, clock and threads around the relay, the policy and the look-ups.

server      listens, and stops in good order
shared      what all sessions share
admission   who may have a session
connection  one client: carries out what the relay wishes
handshake   TLS with the client; tls, certificates, certificate_files: what it is shown
patience    one timer for a session
outward     the session's way onward
upstream    one connection onward; pool: those that wait for their next client
decider     needs -> look-ups -> decide -> where to
recent      what the store is to keep of what is decided
findings    what the operator should hear of once; troubles: once a minute
eventlog    one line per event, gathered and written in batches
keeper      a thread for what may block
learning    asks the mail server what it offers
"""
