"""Data-quality rules as values: one expression quarantines rows and reports the check.

A rule's file says what is wrong with the data; thresholds.py says from where on; registry.py lists the rules; audit.py applies them.
Nothing here reads a file, repairs stored data, or knows what runs it. Choosing between sources is transforms/arbitrate.py.
"""
