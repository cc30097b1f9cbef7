"""Which frames go through which transform and which rules audit them: the graph without Dagster."""
