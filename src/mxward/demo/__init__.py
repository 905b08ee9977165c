"""show: a miniature internet on loopback, in which mxward is seen at work (`mxward demo`).

block       where everybody lives: one 127.x.y block for each run
zone        the DNS of the miniature internet, as text
nameserver  answers from the zone; can fall silent
mail        the messages that are sent
dialogue    an SMTP client that shows what it says
smtpd       what the two kinds of SMTP server share
mailserver  keeps mailboxes in memory; can go away
scanner     refuses EICAR, hands clean mail on
config      what mxward is told
process     mxward itself: `mxward serve` as a process
world       all of them, started and stopped together
play        what a scene can do: send, look into mailboxes, compare
scenes      the scenes in which all goes well
troubles    the scenes in which something goes wrong
machine     a second machine: a network namespace
unchanged   the scene of two machines, in which nothing on the mail server is changed
apart       plays it in a process and a network of its own
show        the scenes in their order, and the world left running
tape        what there is to read, line by line
report      how it is printed

Everything but `mxward serve` lives in one process, and the scene of two machines in another.
Nothing leaves loopback, or that scene's own networks, and nothing needs root.
Not supported: systems where 127/8 is not all loopback (anything but Linux); IPv6.
"""
