"""mxward beside other servers, in one run: docs/benchmarks.md says what is measured and how to read
it. To run: `make bench`.

    __main__    the command
    works/      one work each, with its targets
    peers/      one server each, started from nothing, gone afterwards
    rounds      contenders in turn, medians, ratios
    load, sink  the load client and the sink where smtp-source and smtp-sink will not do
    million     the processes that decide among a million domains
    processes   CPU time and memory, from /proc
    conditions  on what machine, with which versions
    results     the table and the JSON

Not part of the package. What it needs of Debian is unpacked by tools/debian_cache.py; it runs as
root, in a network of its own, and its servers in the rooms of tests/integration/servers.
"""
