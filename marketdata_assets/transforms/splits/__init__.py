"""Splits: what sources report, what prices alone show, and what is made of both."""
