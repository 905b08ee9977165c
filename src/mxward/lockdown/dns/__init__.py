"""Plan: guessable names dropped, or the mail server moved, by changes of the operator's zones.

spelling    names and values, as nsupdate and zone files take them; anything else is refused
records     the records of a name, and a change of them
uses        one domain: which names lead to the mail server, and what else uses them
primary     the same, as the primary has it now
spf         an SPF record that names what goes, or what comes
dropping    the least set of changes that takes the names away, or points them elsewhere
moving      the new name, and what must change with the address
sets        what is to be changed now, by zone and step
kept        what earlier runs wrote: a change that was made can still be taken back
steps       the order, and how long to wait for each
nsupdate    a step of one zone as an RFC 2136 script, and its way back
zone_diff   the same as a difference of the zone's file
tally       what it comes to; telling: the plan, for people

Pure: the same answers give the same octets. Nothing is sent: mxward writes, the operator runs.
"""
