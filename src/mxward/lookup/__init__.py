"""Ask: the DNS answers what a front door is made of.

resolver   one question, one answer, no memory (fake: the same out of plain data)
flights    one task at a time for each thing that is wanted
cache      one look-up at a time per question; what is remembered; quiet while the DNS is away
egresses   a scanner's SPF names, expanded
doors      a domain's front door
names      a client's forward-confirmed names
shown      what a mail server shows to whoever connects
dane       whether a certificate fits the TLSA records of its host

Very many questions (an audit's) have a client of their own, behind the same interface:

wire       names, questions and values as octets
messages   what a message says of a question
chase      one question through as many messages as its CNAMEs take
datagrams  sockets whose ids and ports cannot be foretold (streams: one question over TCP)
servers    where the DNS servers are
stub       one question, one answer, sent again where it is lost
window     how many questions may be under way
bulk       very many questions, domain by domain (wildcard: a name that nobody has made)
"""
