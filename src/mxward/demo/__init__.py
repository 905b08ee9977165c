"""show: a miniature internet on loopback, in which mxward is seen at work (`mxward demo`).

    zone        the DNS of the miniature internet, as text
    block       where everybody lives: one 127.x.y block for each run
    nameserver  answers from the zone; can fall silent
    mailserver  keeps mailboxes in memory; can go away
    scanner     refuses EICAR, hands clean mail on
    mail        the messages that are sent
    dialogue    an SMTP client that shows what it says
    proxy       mxward itself: its configuration, and `mxward serve` as a process
    world       all of them, started and stopped together
    play        what a scene can do: send, look into mailboxes, compare
    scenes, troubles   the eight scenes
    report      how it all is printed

Everything but `mxward serve` lives in one process. Nothing leaves loopback and nothing needs root.
Not supported: systems where 127/8 is not all loopback (anything but Linux); IPv6.
"""
