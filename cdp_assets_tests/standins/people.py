"""Whom the suites of destinations send: twenty people, in three batches of seven."""

PEOPLE = {f"c{n:02}": (f"p{n}@example.com", "Lyon") for n in range(20)}
BATCH_ROWS = 7
BATCHES = 3
"""Every step adds, changes or removes every row."""
