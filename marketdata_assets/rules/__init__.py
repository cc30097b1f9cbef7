"""Data-quality rules as values: one expression quarantines rows and reports the check. No I/O."""
