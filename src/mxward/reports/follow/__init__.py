"""Read a log while it grows: each line once, through rotation, truncation and restarts.

tail        which file is which, and where to go on; pure
splitting   octets -> lines; pure
seeing      the files that there are, and reading one of them
following   one log, from file to file
followed    what its lines tell, and all that must be known to go on after a restart
keeping     that, in a file
"""
