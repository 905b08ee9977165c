"""Answer: what mail servers ask about each recipient, by the same rule as the proxy.

questions   octets of either program -> questions: Postfix's policy delegation, Exim's readsocket
arrivals    a question -> an arrival, or none where there is nothing to decide
answers     a decision -> the line that the program understands
connection  one mail server's process, and what it asks
service     the listeners, and their end

Nothing that is answered grants anything: it is DUNNO, a 4xx or a 5xx, never OK. No message can be
handed on from here, so what the stage `reroute` would hand on is deferred.
"""
