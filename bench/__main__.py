"""`make bench`: every measurement of docs/performance.md, each beside its rival in the same run."""

from __future__ import annotations

import argparse
import importlib
import sys

SUBJECTS = {
    "bars": "files to validated bars, reading a symbol, reading a day: against plain pandas",
    "fetch": "a vendor's answers to raw partitions: the share of its rate that is used, and against an aiohttp, json and pandas loop",
    "features": "bars to the panel of 45 features: against pandas as tutorials have it, plain Polars, and reading and writing alone",
    "splits": "500 symbols over 20 years: detect, arbitrate and adjust, against a pandas loop over the symbols",
    "dagster_overhead": "what Dagster adds per partition and asset: its stock event log against ours",
}


def main() -> int:
    """Run the chosen subjects; every further option goes to them."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "subject", nargs="?", choices=[*SUBJECTS, "all"], default="all", help="; ".join(f"{k}: {v}" for k, v in SUBJECTS.items())
    )
    chosen, rest = parser.parse_known_args()
    for name in SUBJECTS if chosen.subject == "all" else [chosen.subject]:
        sys.stdout.write(f"\n## {name}: {SUBJECTS[name]}\n\n")
        importlib.import_module(f"bench.{name}").main(rest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
