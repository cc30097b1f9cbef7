"""A simulated market that writes vendors' files and its own ground truth."""
