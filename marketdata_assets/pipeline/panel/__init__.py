"""The feature panel of an asset class: what it is made of, its publish behind the gates, its proofs, its report."""
