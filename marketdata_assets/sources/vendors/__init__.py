"""One folder a vendor: its endpoints, row models and readers, and `SOURCE`, which ties them together. No vendor imports another."""
