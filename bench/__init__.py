"""Measurements, each beside its rival in one run: medians and ratios, never a bare second."""
