"""Questions to the lake, answered without Dagster: bars, coverage, tables and SQL. Reads only; nothing here writes."""
