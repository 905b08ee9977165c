"""Plan: guessable names dropped, or the mail server moved, by changes of the operator's zones.

spelling    names and values, as nsupdate and zone files take them; anything else is refused
records     the records of a name, and a change of them
looked      what is known of a domain; looking: how it is found; uses, texts: parts of that
primary     the same, as the primary has it now
spf         an SPF record that names what goes, or lacks what comes
staying     which names stay, and why
dropping    the least set of changes that takes the others away, or points them elsewhere
moving      the new name, and what must change with the address
sets        what is to be changed now, by zone and step
kept        what earlier runs wrote: a change that was made can still be taken back
steps       the order, and how long to wait for each
nsupdate    a step of one zone as an RFC 2136 script, and its way back
zone_diff   the same as a difference of the zone's file
tally       what it comes to; about: what else is told
telling     the plan, for people; telling_steps: its steps

Pure: the same answers give the same octets. Nothing is sent: mxward writes, the operator runs.
"""
