"""Merge: looked up + remembered + declared -> FrontDoor.

    remember   one question over time: the newest answer, and what vanished lately
    records    the values of answers, read with distrust
    spf        one SPF record -> networks, and names to look up next
    expansion  a scanner's SPF names -> networks
    egress     where a scanner delivers from: declared and expanded, with the guards
    hosts      one mail host: its addresses, and whose host it is
    merge      all of it -> the front door of a domain

DNS never opens or shuts a door by failing: what is newly found counts at once, what disappears
stays welcome for 72 hours, what shrinks by half or is too wide waits for the operator's word.
"""
