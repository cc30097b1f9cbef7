"""One factory per layer of the graph. A body reads its partitions, makes one call into the pipeline, and says what came of it.

Dagster looks at the annotation of a body's `context` as an object, so these modules do without `from __future__ import annotations`.
"""
