"""Bytes on a path, local or S3: publish, scan, archive, scrub. No Dagster, no meaning of columns."""
