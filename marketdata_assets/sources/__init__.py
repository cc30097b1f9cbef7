"""The vendors: what a source is, how its files and answers are read. No disk, no lake, no rules."""
