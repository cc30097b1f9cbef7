"""The report of a published panel, written beside it in the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from marketdata_assets.core.faults import QueryFault
from marketdata_assets.exports.feature_report.page import FeatureLine, GateLine, feature_page
from marketdata_assets.exports.feature_report.statistics import statistics
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.record import code_version
from marketdata_assets.pipeline.panel.build import BuiltYear, judged_years, panel_path, stored_year, stored_years
from marketdata_assets.pipeline.panel.sources import panel_settings
from marketdata_assets.pipeline.platform import Platform, table_path
from marketdata_assets.rules.panel.gate import Verdict
from marketdata_assets.rules.panel.gates import BY_NAME
from marketdata_assets.rules.rule import Severity
from marketdata_assets.transforms.features.registry import FEATURES, panel_metadata

REPORT = "feature_report"


def report_place(asset_class: str) -> str:
    """Where the reports of an asset class lie in the lake, a page a year."""
    return table_path(REPORT, asset_class)


def publish_report(platform: Platform, asset_class: str, built: BuiltYear) -> str:
    """The address of the page about a year's panel, once it is written: a path, or s3://..."""
    path = f"{report_place(asset_class)}/{built.year}.html"
    page = _page(platform, asset_class, built.panel, {built.year: list(built.verdicts)})
    platform.lake.store.write(path, page.encode())
    return f"{platform.settings.lake.rstrip('/')}/{path}"


def report_page(platform: Platform, asset_class: str, years: Sequence[str] = ()) -> str:
    """The page about published years of a panel, the newest one alone when none is named; `QueryFault` when they are not published."""
    there = stored_years(platform, asset_class)
    wanted = sorted(set(years)) or there[-1:]
    if not wanted or not set(wanted) <= set(there):
        raise QueryFault(
            f"reporting the feature panel of {asset_class}",
            f"published years are {', '.join(there) or 'none'}",
            f"materialize {panel_path(asset_class)} first",
        )
    panel = pl.concat([stored_year(platform, asset_class, year) for year in wanted])
    return _page(platform, asset_class, panel, dict(judged_years(platform, asset_class, wanted)))


def _page(platform: Platform, asset_class: str, panel: pl.DataFrame, verdicts: Mapping[str, list[Verdict]]) -> str:
    years = sorted(verdicts)
    features = [FeatureLine(feature.name, str(feature.category), feature.formula) for feature in FEATURES]
    span = years[0] if len(years) == 1 else f"{years[0]}–{years[-1]}"
    numbers = statistics(panel, [feature.name for feature in FEATURES])
    title = f"{asset_class.replace('_', ' ')} · {span}"
    return feature_page(title, _facts(platform, asset_class, panel, years), _gate_lines(verdicts), features, numbers)


def _facts(platform: Platform, asset_class: str, panel: pl.DataFrame, years: Sequence[str]) -> dict[str, str]:
    told = panel_metadata(panel)
    record = platform.lake.record(panel_path(asset_class), PartitionKey(years[-1]))
    universe = panel_settings(platform, asset_class).universe
    return {
        "features": str(told["feature_count"]),
        "symbols": f"{told['symbol_count']:,}",
        "rows": f"{told['row_count']:,}",
        "first date": str(told["date_range"][0]),
        "last date": str(told["date_range"][1]),
        "universe": universe.upper() if isinstance(universe, str) else f"{len(universe)} symbols",
        f"file {years[-1]}, sha256": record.sha256[:12] if record else "",
        "code": code_version(),
    }


def _gate_lines(by_year: Mapping[str, list[Verdict]]) -> list[GateLine]:
    """One line a gate: what its newest failure says, else what the newest year says."""
    lines = []
    for name, gate in BY_NAME.items():
        mine = [(year, each) for year, verdicts in sorted(by_year.items()) for each in verdicts if each.gate == name]
        if not mine:
            continue
        failed = [(year, each) for year, each in mine if not each.passed]
        year, shown = (failed or mine)[-1]
        said = shown.said if len(by_year) == 1 else f"{year}: {shown.said}"
        lines.append(GateLine(name, gate.title, not failed, gate.severity is Severity.WARN, said))
    return lines
