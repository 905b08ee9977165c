"""Keep: what is remembered outlives the process.

recollection  what is remembered, in the process only
memory        the same, with the store behind it
database      the store: one SQLite file
trusted       the clients that are trusted while it runs
hearing       what of both is new, for who serves
staged        the stages that are set while it runs, and the history of them
decided       recent decisions, and findings
past          what answers were before
audited       what audits have found over time
transactions  the open file: reading and writing
rows          nouns <-> rows
schema        the tables of the newest revision
opening       finding, making and migrating the file
migrations/   alembic's steps from each revision to the next
"""
