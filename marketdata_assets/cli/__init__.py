"""The `marketdata` command: the lake and the graph from a terminal, one command group a file.

What a command computes lives below (query, exports, pipeline, defs); here are options, progress, tables and exit codes. Nothing
slow is imported before a command runs, and Dagster only by the commands that materialize.
"""

from __future__ import annotations


def main() -> None:
    """What the `marketdata` script calls."""
    from marketdata_assets.cli.app import app

    app(prog_name="marketdata")
