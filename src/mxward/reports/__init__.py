"""Sum up: who uses which door, what would have happened, the five ways compared.

One table of arrivals (`schema`), one readable SQL file for each question (`questions/`), one rule
(`policy.decide`, asked once for each distinct key).
"""
