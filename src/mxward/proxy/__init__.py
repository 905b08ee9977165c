"""The proxy: sockets, clock and threads around the relay, the policy and the look-ups.

server      listens, counts sessions, stops in good order
connection  one client: carries out what the relay wishes
upstream    one connection onward
decider     needs -> look-ups -> decide -> where to
eventlog    one line per event, gathered and written in batches
keeper      the thread that writes the log and the store and rereads the inventory
learning    asks the mail server what it offers
"""
