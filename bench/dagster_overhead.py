"""What Dagster adds per partition and asset, and per partition and check: its stock event log against ours, in one run.

The assets do nothing, so all that is measured is Dagster's. A case `1170x2` is one run over 1,170 partitions of two assets;
`1170x1+2` is one asset and two checks. The floor is the same functions called without Dagster.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

LOGS = {
    "stock": ("dagster._core.storage.event_log", "SqliteEventLogStorage"),
    "ours": ("marketdata_assets.defs.event_log.storage", "EmbeddedEventLogStorage"),
}
DEFAULT_CASES = ["1170x2", "5000x1", "1170x1+1"]


class Case(NamedTuple):
    """A rectangle of partitions, the assets over it, and the checks of the first asset, one result a partition."""

    partitions: int
    assets: int
    checks: int

    @classmethod
    def parse(cls, text: str) -> "Case":
        """`1170x2` or `1170x1+2`."""
        partitions, _, rest = text.partition("x")
        assets, _, checks = rest.partition("+")
        return cls(int(partitions), int(assets), int(checks or 0))

    def __str__(self) -> str:
        return f"{self.partitions:,} x {self.assets}" + (f" + {self.checks} checked" if self.checks else "")

    @property
    def facts(self) -> int:
        """Partitions times assets and checks: what Dagster has to record as planned and as done."""
        return self.partitions * (self.assets + self.checks)


@dataclass(frozen=True)
class Cost:
    """Median seconds of one case: in all, before the first step (planning), inside steps, in the bodies of the assets, of the
    processor; and milliseconds per partition and asset or check, by the clock and of the processor.

    The processor's time leaves out what other programs on a busy machine take.
    """

    case: str
    log: str
    repeats: int
    seconds: float
    planning: float
    steps: float
    bodies: float
    processor: float
    ms_each: float
    processor_ms_each: float


class Graph:
    """Assets and checks that do nothing, over a rectangle of years and symbols."""

    def __init__(self, case: Case) -> None:
        years = [str(2015 + n) for n in range(10 if case.partitions % 10 == 0 and case.partitions % 9 else 9)]
        if case.partitions % len(years):
            raise SystemExit(f"{case.partitions} partitions are no rectangle: give a multiple of 9 or 10")
        symbols = [f"S{n:05d}" for n in range(case.partitions // len(years))]
        dates, names = dg.StaticPartitionsDefinition(years), dg.StaticPartitionsDefinition(symbols)
        self.parts = dg.MultiPartitionsDefinition({"date": dates, "symbol": names})
        self.range = {
            ASSET_PARTITION_RANGE_START_TAG: f"{years[0]}|{symbols[0]}",
            ASSET_PARTITION_RANGE_END_TAG: f"{years[-1]}|{symbols[-1]}",
        }
        self.case, self.bodies = case, 0.0
        self.defs: list[Any] = [self._asset(n) for n in range(case.assets)]
        if case.checks:
            self.defs.append(self._checks())

    def _asset(self, n: int) -> dg.AssetsDefinition:
        @dg.asset(
            name=f"asset{n}", partitions_def=self.parts, backfill_policy=dg.BackfillPolicy.single_run(), deps=[f"asset{n - 1}"] if n else []
        )
        def body(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
            started = time.perf_counter()
            rows = work(context.partition_keys)
            self.bodies += time.perf_counter() - started
            return dg.MaterializeResult(metadata={"rows": rows})

        return body

    def _checks(self) -> dg.AssetChecksDefinition:
        specs = [dg.AssetCheckSpec(f"check{n}", asset="asset0", partitions_def=self.parts) for n in range(self.case.checks)]

        @dg.multi_asset_check(specs=specs)
        def body(context: dg.AssetCheckExecutionContext) -> Iterator[dg.Output[None]]:
            inner = context.op_execution_context
            for output in sorted(inner.selected_output_names):
                for key in inner.partition_keys:
                    inner.log_event(AssetCheckEvaluation(dg.AssetKey("asset0"), output.removeprefix("asset0_"), passed=True, partition=key))
                yield dg.Output(None, output_name=output)

        return body


def work(keys: list[str]) -> int:
    """What an asset of the benchmark does."""
    return len(keys)


def run_once(case: Case, log: str, home: Path) -> tuple[float, float, float, float, float]:
    """Seconds of one run on a fresh instance: in all, planning, in steps, in bodies, of the processor."""
    graph = Graph(case)
    module, name = LOGS[log]
    overrides = {
        "event_log_storage": {"module": module, "class": name, "config": {"base_dir": str(home / "events")}},
        "python_logs": {"python_log_level": "INFO"},
        "telemetry": {"enabled": False},
    }
    with dg.DagsterInstance.local_temp(str(home), overrides=overrides) as instance:
        wall, started, busy = time.time(), time.perf_counter(), time.process_time()
        result = dg.materialize(graph.defs, instance=instance, tags=graph.range)
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
        kinds = {dg.DagsterEventType.RUN_START, dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_SUCCESS}
        told = instance.all_logs(result.run_id, of_type=kinds)
        made = len(instance.get_materialized_partitions(dg.AssetKey("asset0")))
    if not result.success or made < case.partitions:
        raise RuntimeError(f"{case} on {log}: {made} partitions recorded")
    at = {kind: [e.timestamp for e in told if e.dagster_event_type == kind] for kind in kinds}
    steps = sum(at[dg.DagsterEventType.STEP_SUCCESS]) - sum(at[dg.DagsterEventType.STEP_START])
    return seconds, at[dg.DagsterEventType.RUN_START][0] - wall, steps, graph.bodies, busy


def floor(case: Case) -> float:
    """Seconds of the same functions without Dagster, partition by partition."""
    keys = [str(n) for n in range(case.partitions)]
    started = time.perf_counter()
    for _ in range(case.assets + case.checks):
        for key in keys:
            work([key])
    return time.perf_counter() - started


def measure(case: Case, repeats: dict[str, int]) -> list[Cost]:
    """The medians of one case, the logs in turns so that a busy machine hurts both alike."""
    runs: dict[str, list[tuple[float, ...]]] = {log: [] for log in LOGS}
    for turn in range(max(repeats.values())):
        for log in LOGS:
            if turn < repeats[log]:
                with tempfile.TemporaryDirectory() as home, Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
                    runs[log].append(run_once(case, log, Path(home)))
    base = statistics.median(floor(case) for _ in range(5))
    costs = [Cost(str(case), "none", 5, base, 0.0, base, base, base, base / case.facts * 1000, base / case.facts * 1000)]
    for log, found in runs.items():
        seconds, planning, steps, bodies, busy = (statistics.median(column) for column in zip(*found, strict=True))
        each = (seconds / case.facts * 1000, busy / case.facts * 1000)
        costs.append(Cost(str(case), log, len(found), seconds, planning, steps, bodies, busy, *each))
    return costs


def report(costs: list[Cost], *, as_json: bool) -> None:
    """Print a Markdown table, or JSON."""
    if as_json:
        sys.stdout.write(json.dumps([asdict(cost) for cost in costs], indent=2) + "\n")
        return
    columns = ["partitions x assets", "event log", "runs", "s", "planning, s", "in steps, s", "in bodies, s", "processor, s"]
    columns += ["ms each", "processor, ms each"]
    sys.stdout.write(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|\n")
    for c in costs:
        times = " | ".join(f"{t:.3f}" for t in (c.seconds, c.planning, c.steps, c.bodies, c.processor, c.ms_each, c.processor_ms_each))
        sys.stdout.write(f"| {c.case} | {c.log} | {c.repeats} | {times} |\n")


def main(argv: list[str] | None = None) -> None:
    """Print the costs."""
    parser = argparse.ArgumentParser(
        prog="python -m bench dagster_overhead", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", default=DEFAULT_CASES, metavar="NxK[+C]", help=f"default: {' '.join(DEFAULT_CASES)}")
    parser.add_argument("--repeats", type=int, default=3, help="runs on our log, of which the median is told")
    parser.add_argument("--stock-repeats", type=int, default=1, help="runs on the stock log, which take a minute and more each")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    repeats = {"stock": options.stock_repeats, "ours": options.repeats}
    report([cost for text in options.cases for cost in measure(Case.parse(text), repeats)], as_json=options.json)


if __name__ == "__main__":
    main()
