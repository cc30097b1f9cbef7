"""A simulated market that writes vendors' files and its own ground truth.

Here belong its price paths, its invented companies, the vendors' file layouts and the defects planted in them. Nothing here reads
the lake, judges a bar, or reads the clock: the same `Spec` gives the same bytes for ever.
"""
