"""Judge: what is known of a domain and its servers -> findings.

services    the catalogue of scanning services (its data: services.toml)
guesses     the names that anybody would try first
premises    what the operator has told, and what everybody knows
front       a domain's MX, and whose hosts these are
spf_places  what a domain's own SPF record says of its servers
candidates  every other name and address where a mail server may answer; leads: the ways there
survey      both together: what must be asked, then what is known of a domain
judging     what one server did with one domain -> a verdict
ledger      domains and servers gathered, in whatever order they come
doors       findings by server, each with its mend (fixes)
further     what else the look-ups show: of_mx, of_records, drift; gathering puts it together
changes     what a front door was before
codes       the kinds of findings: their codes and severities
findings    one finding, its id, its order
waivers     what the operator accepts, and until when
baseline    what was known before, and what is new
report      all of it, and the exit code
listing     lists of domains that a person gives
as_*        written out: JSON, CSV, SARIF, Prometheus

Pure: the same answers, in whatever order, give the same findings.
"""
