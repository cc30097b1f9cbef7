"""Readers of dated index membership: intervals, change lists, snapshots and yearly YAML files, from bytes to statements."""
