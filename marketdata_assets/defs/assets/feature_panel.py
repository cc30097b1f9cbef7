"""Feature panels by year: built from validated bars, split events, universe and sectors; published behind their gates."""

import time
from collections.abc import Mapping

import polars as pl
from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue, asset
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.lanes import storage_kind
from marketdata_assets.defs.plots import line_plot, preview
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.defs.specs import OWNERS, description, kinds, table_metadata
from marketdata_assets.defs.years import ONE_RUN, whole, yearly
from marketdata_assets.pipeline.panel.build import BuiltYear, panel_path, publish_years
from marketdata_assets.pipeline.panel.report import publish_report, report_place
from marketdata_assets.pipeline.platform import table_path
from marketdata_assets.rules.panel.settings import ALL
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.schemas.universe import UNIVERSE
from marketdata_assets.settings import Settings
from marketdata_assets.transforms.features.registry import FEATURE_PANEL, FEATURES, panel_metadata

CODE_VERSION = "1"
DAILY = "1d"
_SHOWN = 6
_ALSO = (
    "Every number was known at the close of its date, for a decision after it. A year needs all the history of its symbols and equals the "
    "same year of a full build to the bit. A panel that a blocking gate fails is not published; the previous version stays."
)


def feature_panel(settings: Settings) -> list[AssetsDefinition]:
    """The asset `feature_panel` of each asset class under `panels:`, a partition a year."""
    return [_of_class(settings, name) for name in panel_classes(settings)]


def panel_classes(settings: Settings) -> list[str]:
    """The asset classes that have a panel, in the order of marketdata.yaml."""
    return [name for name in settings.asset_classes if name in settings.panels]


def panel_deps(settings: Settings, name: str) -> list[str]:
    """The tables a panel is made of."""
    universe = settings.panels[name].universe  # type: ignore[index]
    named = [table_path(UNIVERSE.name, name)] if isinstance(universe, str) and universe != ALL else []
    return [table_path(VALIDATED_BARS.name, name, DAILY), table_path(SPLIT_EVENTS.name, name), *named]


def _of_class(settings: Settings, name: str) -> AssetsDefinition:
    path, config = panel_path(name), settings.panels[name]  # type: ignore[index]
    by_category = {str(feature.category): 0 for feature in FEATURES}
    for feature in FEATURES:
        by_category[str(feature.category)] += 1

    @asset(
        key=asset_key(path),
        deps=whole(panel_deps(settings, name)),
        partitions_def=yearly(config.start or settings.asset_classes[name].start),  # type: ignore[index]
        backfill_policy=ONE_RUN,
        group_name=f"{name}_panel",
        kinds=kinds(storage_kind(settings.lake), "numba"),
        owners=OWNERS,
        description=description(FEATURE_PANEL, _ALSO),
        metadata={
            **table_metadata(FEATURE_PANEL, path, settings.lake),
            "feature_count": len(FEATURES),
            "features by type": MetadataValue.json(by_category),
            "universe": str(config.universe),
            "report": f"{settings.lake.rstrip('/')}/{report_place(name)}",
        },
        code_version=CODE_VERSION,
        required_resource_keys={PLATFORM},
    )
    def panel(context: AssetExecutionContext) -> MaterializeResult[None]:
        platform, began, built = platform_of(context), time.perf_counter(), list[dict[str, RawMetadataValue]]()
        last: BuiltYear | None = None
        with told():
            for last in publish_years(platform, name, list(context.partition_keys)):
                built.append(_year(last))
            place = publish_report(platform, name, last) if last else ""
        return MaterializeResult(metadata=_facts(built, last, place, time.perf_counter() - began))

    return panel


def _year(built: BuiltYear) -> dict[str, RawMetadataValue]:
    failed = ", ".join(verdict.gate for verdict in built.verdicts if not verdict.passed)
    facts = panel_metadata(built.panel)
    return {
        "year": built.year,
        "rows": facts["row_count"],
        "symbols": facts["symbol_count"],
        "first": facts["date_range"][0],
        "last": facts["date_range"][1],
        "written": bool(built.published and built.published.changed),
        "seconds": round(built.seconds, 3),
        "gates not passed": failed,
    }


def _facts(years: list[dict[str, RawMetadataValue]], last: BuiltYear | None, place: str, seconds: float) -> Mapping[str, RawMetadataValue]:
    if last is None:
        return {"dagster/row_count": 0}
    facts = panel_metadata(last.panel)
    members = last.panel.group_by("date").len().sort("date")
    shown = last.panel.select("date", "symbol", *(feature.name for feature in FEATURES[:_SHOWN]))
    rows = pl.DataFrame(years)
    return {
        "dagster/row_count": int(rows["rows"].sum()),
        "feature_count": facts["feature_count"],
        "symbol_count": facts["symbol_count"],
        "date_range": MetadataValue.json([rows["first"].drop_nulls().min(), rows["last"].drop_nulls().max()]),
        "features_by_type": MetadataValue.json(facts["features_by_type"]),
        "years": preview(rows, 40),
        "report": _link(place),
        "members": line_plot(members, "members"),
        "preview": preview(shown),
        "run seconds": round(seconds, 3),
    }


def _link(place: str) -> MetadataValue[str | None]:
    return MetadataValue.text(place) if place.startswith("s3://") or not place else MetadataValue.url(f"file://{place}")
