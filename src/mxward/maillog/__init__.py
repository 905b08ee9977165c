"""Read: log lines of Exim and Postfix -> what they tell of arrivals. Pure: no file or clock.

logged        the nouns: a message or an attempt as a log tells of it, and what was not understood
stamps        timestamps -> seconds since the epoch, by the log's own zone
syslog        what syslog and journald put before a line
exim          Exim's mainlog and rejectlog
postfix       Postfix's mail log, joined by queue id
journal       systemd's journal, as it is exported, as lines of syslog
recognise     which of them a log is, and who reads one that is both
kept          what a reader holds between two lines, as JSON

What senders, HELOs, recipients and subjects say is the attacker's word inside our evidence: lines
are matched as octets, anchored at both ends; what looks like an arrival and does not match is
counted and sampled, never guessed. A field that a log does not have is None: *not asked*.
"""
