"""A whole graph on a temporary folder: marketdata.yaml, instruments, landed files, definitions and an instance to run them on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from dagster import AssetKey, DagsterEvent, DagsterInstance, Definitions, ExecuteInProcessResult, RunRequest
from dagster._core.instance.ref import InstanceRef

from marketdata_assets.core import clock
from marketdata_assets.core.sessions import calendar
from marketdata_assets.definitions import build_definitions
from marketdata_assets.defs.resources import PlatformResource
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.settings import Settings, load_settings
from marketdata_tests.support.platforms import opened, write_config
from marketdata_tests.support.tiingo import land, tiingo_csv

RECEIVED = datetime(2025, 1, 2, 12, tzinfo=UTC)
SYMBOLS = ("AAA", "BBB", "CCC")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
VALIDATED = "us_equities/validated_bars_1d"
TIINGO: Mapping[str, Mapping[str, Any]] = {"tiingo": {"landing": "landing/tiingo", "format": "tiingo_csv"}}


def sessions(start: date, end: date) -> list[date]:
    """Days of the half-open span on which New York traded."""
    return calendar("XNYS").sessions(start, end)["session"].to_list()


def closes(start: date = date(2023, 1, 1), end: date = date(2025, 1, 1), base: float = 100.0) -> dict[date, float]:
    """A gently rising close for every session of the span, no two alike."""
    return {day: round(base + 0.25 * at, 2) for at, day in enumerate(sessions(start, end))}


@dataclass
class World:
    """The graph of one marketdata.yaml; `at` is when everything in it is received."""

    folder: Path
    instance: DagsterInstance
    settings: Settings
    definitions: Definitions
    platform: PlatformResource

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    def land(self, name: str, data: bytes, source: str = "tiingo") -> Path:
        return land(self.folder / "landing" / source, name, data)

    def run(self, first: str, last: str | None = None, *, select: Collection[str] | None = None, **options: Any) -> ExecuteInProcessResult:
        """The lane's job over the rectangle from `first` to `last`, or the selected assets of it."""
        tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last or first}
        return self.execute("us_equities_1d", tags, select, **options)

    def ask(self, request: RunRequest, **options: Any) -> ExecuteInProcessResult:
        """What the daemon does with a run request."""
        keys = [key.to_user_string() for key in request.asset_selection or []]
        return self.execute(str(request.job_name), dict(request.tags), keys, **options)

    def execute(
        self, job: str, tags: Mapping[str, str], select: Collection[str] | None, at: datetime = RECEIVED, raise_on_error: bool = True
    ) -> ExecuteInProcessResult:
        definition = self.definitions.resolve_job_def(job)
        keys = None if select is None else [AssetKey(path.split("/")) for path in select]
        with clock.frozen(at):
            return definition.execute_in_process(
                instance=self.instance, tags=dict(tags), asset_selection=keys, raise_on_error=raise_on_error, run_config=QUIET
            )

    def rebuilt(self, settings: Settings | None = None, opener: Callable[[Settings], Platform] = open_platform) -> World:
        """The same folder and instance in a new process's eyes: settings read anew, platform opened anew."""
        known = settings or load_settings(self.folder / "marketdata.yaml", {})
        platform = PlatformResource(known, opener)
        return World(self.folder, self.instance, known, build_definitions(known, platform=platform), platform)

    def validated(self, *keys: str) -> pl.DataFrame:
        frame = self.platform.opened.lake.scan(VALIDATED, VALIDATED_BARS).collect()
        return frame.filter(pl.concat_str(pl.col("session").dt.strftime("%Y"), "symbol", separator="|").is_in(keys)) if keys else frame

    def contents(self) -> dict[str, bytes]:
        """Every file of the lake by path: tables, exports, payloads."""
        return {p.relative_to(self.lake).as_posix(): p.read_bytes() for p in sorted(self.lake.rglob("*")) if p.is_file()}

    def tables(self) -> dict[str, bytes]:
        """The files of the lake that hold or export rows."""
        return {path: data for path, data in self.contents().items() if not path.startswith(("payloads/", "_", "."))}


def make_world(
    folder: Path,
    files: Mapping[str, bytes] | None = None,
    *,
    sources: Mapping[str, Mapping[str, Any]] = TIINGO,
    instance: DagsterInstance | None = None,
    **config: Any,
) -> World:
    """A world whose tiingo folder holds `files`; without any, three symbols with two clean years each."""
    folder.mkdir(exist_ok=True)
    write_config(folder, "us_equities", sources, **{"start": date(2023, 1, 1), **config})
    for name, data in (clean_files() if files is None else files).items():
        land(folder / "landing" / "tiingo", name, data)
    opened(folder)
    settings = load_settings(folder / "marketdata.yaml", {})
    platform = PlatformResource(settings)
    return World(folder, instance or DagsterInstance.ephemeral(), settings, build_definitions(settings, platform=platform), platform)


def clean_files(symbols: Sequence[str] = SYMBOLS) -> dict[str, bytes]:
    """One file a symbol, two years of clean bars."""
    return {f"{symbol}.csv": tiingo_csv(symbol, closes(base=100.0 + 50 * at)) for at, symbol in enumerate(symbols)}


@contextmanager
def stored_instance(folder: Path) -> Iterator[DagsterInstance]:
    """An instance that keeps its runs in `folder`, as sensors and schedules need; opened again it remembers them."""
    folder.mkdir(exist_ok=True)
    storage = {
        "module": "marketdata_assets.defs.event_log.storage",
        "class": "EmbeddedEventLogStorage",
        "config": {"base_dir": str(folder)},
    }
    with DagsterInstance.from_ref(InstanceRef.from_dir(str(folder), overrides={"event_log_storage": storage})) as instance:
        yield instance


def events(result: ExecuteInProcessResult, kind: str, path: str | None = None) -> list[DagsterEvent]:
    """The events of a kind, of one asset where a path is given."""
    found = [event for event in result.all_events if event.event_type_value == kind]
    return [event for event in found if path is None or (event.asset_key and event.asset_key.to_user_string() == path)]


def metadata(event: DagsterEvent) -> dict[str, Any]:
    """The values of a materialization's metadata."""
    told = event.step_materialization_data.materialization.metadata
    return {name: value.value for name, value in told.items()}


def checks(result: ExecuteInProcessResult) -> dict[str, Any]:
    """The evaluations of a run by check name."""
    return {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}
