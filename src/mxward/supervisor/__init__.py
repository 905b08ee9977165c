"""Keep running: one process that holds the listening sockets, and the workers that serve on them.

duties      what is to be done now, as a pure function of who is there
deaths      how a process ended; how long to wait before the next one starts
addresses   which listening sockets stay, come and go
listening   making them
line        what supervisor and worker say to each other
worker      a worker process, as the supervisor knows it
signals     signals become something to wait for, beside the lines
handover    what a new program needs to go on where the old one was
systemd     its sockets, its notices, its watchdog
user        becoming a user with less rights
supervisor  all of it together

It knows no mail: what a worker does, and what a configuration asks for, it is told by its caller.
"""
