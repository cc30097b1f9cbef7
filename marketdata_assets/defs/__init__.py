"""Dagster glue, no arithmetic: keys, partitions, resources, one asset factory per layer, checks, sensors, schedules."""
