"""Keep: what is remembered outlives the process.

recollection  what is remembered, in the process only
memory        the same, with the store behind it
database      the store: one SQLite file
rows          nouns <-> rows
schema        the tables of the newest revision
opening       finding, making and migrating the file
migrations/   alembic's steps from each revision to the next
"""
