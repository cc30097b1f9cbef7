"""The vendors' file layouts, one module a vendor: bars in, files out. No defects, no randomness, nothing shared but `File`."""
