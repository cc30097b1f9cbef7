"""The event log of the embedded default: Dagster's own SQLite layout, written in batches over kept connections.

Here belongs what Dagster writes about its runs. What the assets write, and what they are, does not.
"""
