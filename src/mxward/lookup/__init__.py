"""Ask: the DNS answers what a front door is made of.

resolver   one question, one answer, no memory (fake: the same out of plain data)
flights    one task at a time for each thing that is wanted
cache      one look-up at a time per question; what is remembered; quiet while the DNS is away
egresses   a scanner's SPF names, expanded
doors      a domain's front door
names      a client's forward-confirmed names
shown      what a mail server shows to whoever connects
dane       whether a certificate fits the TLSA records of its host
"""
