"""Asset checks of the feature panel: its gates with their figures, the proof that it does not see the future, and how soon it settles."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    MetadataValue,
    asset_check,
    multi_asset_check,
)
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.defs.assets.feature_panel import panel_classes
from marketdata_assets.defs.keys import asset_key, op_name
from marketdata_assets.defs.plots import preview
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.pipeline.panel.build import judged_years, panel_path, stored_years
from marketdata_assets.pipeline.panel.proof import prove_panel, settled_after
from marketdata_assets.rules.panel.gate import Gate, Verdict
from marketdata_assets.rules.panel.gates import GATES
from marketdata_assets.settings import Settings
from marketdata_assets.transforms.features.registry import BY_NAME
from marketdata_assets.transforms.lookahead.proof import Proof

PROOF, SETTLES = "sees_no_future", "settles_after_its_window"
CUTS = 3
_SHOWN = 50


def panel_checks(settings: Settings) -> list[AssetChecksDefinition]:
    """The gates, the proof and the warm-up of each panel."""
    return [check for name in panel_classes(settings) for check in (_gates(settings, name), _proof(name), _settles(name))]


def _gates(settings: Settings, name: str) -> AssetChecksDefinition:
    path, config = panel_path(name), settings.panels[name]  # type: ignore[index]
    blocking = {gate.name: gate.blocking or gate.name in config.blocking for gate in GATES}

    @multi_asset_check(
        name=op_name(f"{path}/gates"),
        specs=[AssetCheckSpec(gate.name, asset=asset_key(path), description=_described(gate, blocking[gate.name])) for gate in GATES],
        can_subset=True,
        required_resource_keys={PLATFORM},
    )
    def gates(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        with told():
            found = dict(judged_years(platform_of(context), name, _years(context, name)))
        asked = {check.name for check in context.selected_asset_check_keys}
        for gate in GATES:
            if gate.name in asked:
                yield gate_result(gate, {year: _of(gate, verdicts) for year, verdicts in found.items()}, blocks=blocking[gate.name])

    return gates


def gate_result(gate: Gate, by_year: Mapping[str, Verdict | None], *, blocks: bool) -> AssetCheckResult:
    """What a gate says of several years: it passes when each of them does; the figures are the newest year's, and those that failed."""
    failed = {
        year: verdict.said if verdict else "not judged: the schema is wrong" for year, verdict in by_year.items() if not _passes(verdict)
    }
    newest = next((by_year[year] for year in sorted(by_year, reverse=True)), None)
    shown = next((by_year[year] for year in sorted(failed, reverse=True)), newest)
    said = "; ".join(f"{year}: {what}" for year, what in failed.items()) or (newest.said if newest else "no year is published")
    metadata: dict[str, RawMetadataValue] = {
        "years judged": len(by_year),
        "years that fail": MetadataValue.json(sorted(failed)),
        "blocks": blocks,
        "remedy": gate.remedy,
    }
    if newest:
        metadata |= {name: float(value) for name, value in newest.figures.items()}
    if shown and shown.table.height:
        metadata["figures"] = preview(shown.table.head(_SHOWN), _SHOWN)
    return AssetCheckResult(
        check_name=gate.name,
        passed=not failed,
        severity=AssetCheckSeverity[gate.severity.name],
        description=said[:1000],
        metadata=metadata,
    )


def _proof(name: str) -> AssetChecksDefinition:
    @asset_check(
        asset=asset_key(panel_path(name)),
        name=PROOF,
        description=f"At {CUTS} random days of the newest year all that came later is taken away, and then exchanged (prices, volumes, "
        "splits, gaps, members, listings, sectors): every row up to the day stays equal to the bit.",
        required_resource_keys={PLATFORM},
    )
    def sees_no_future(context: AssetCheckExecutionContext) -> AssetCheckResult:
        years = [year for year in _years(context, name) if year in stored_years(platform_of(context), name)]
        if not years:
            return AssetCheckResult(passed=True, description="no year is published")
        with told():
            proof = prove_panel(platform_of(context), name, max(years), cuts=CUTS, seed=int(max(years)))
        return proof_result(proof)

    return sees_no_future


def proof_result(proof: Proof) -> AssetCheckResult:
    """The proof as a check: an ERROR with what leaked, or how much was compared."""
    days = ", ".join(str(cut) for cut in proof.cuts)
    said = f"{proof.rows} rows x {proof.columns} features stayed equal to the bit when everything after {days} was another"
    if not proof.passed:
        by = ", ".join(proof.leaks.filter(pl.col("column") == proof.leaking[0])["mutation"].unique(maintain_order=True))
        said = f"{len(proof.leaking)} columns see the future, {proof.leaking[0]} through {by}"
    figures: dict[str, RawMetadataValue] = {
        "cut days": days,
        "panels built": proof.builds,
        "rows compared": proof.rows,
        "columns that leak": len(proof.leaking),
    }
    if not proof.passed:
        figures["leaks"] = preview(proof.leaks.head(_SHOWN), _SHOWN)
    return AssetCheckResult(passed=proof.passed, severity=AssetCheckSeverity.ERROR, description=said, metadata=figures)


def _settles(name: str) -> AssetChecksDefinition:
    @asset_check(
        asset=asset_key(panel_path(name)),
        name=SETTLES,
        description="After how many sessions each feature no longer depends on where history starts; every window is as long as declared.",
        required_resource_keys={PLATFORM},
    )
    def settles(context: AssetCheckExecutionContext) -> AssetCheckResult:
        years = [year for year in _years(context, name) if year in stored_years(platform_of(context), name)]
        with told():
            found = settled_after(platform_of(context), name, max(years)) if years else pl.DataFrame()
        return settled_result(found)

    return settles


def settled_result(found: pl.DataFrame) -> AssetCheckResult:
    """The warm-ups as a check: a WARN where a window needs more sessions than it is declared to look at."""
    if found.is_empty():
        return AssetCheckResult(passed=True, description="too little history to begin one in the middle of")
    windows = pl.Series([BY_NAME[name].window for name in found["feature"]], dtype=pl.Int64)
    rows = found.with_columns(declared=windows)
    late = rows.filter((pl.col("exact") > pl.col("declared")) | (pl.col("exact").is_null() & pl.col("declared").is_not_null()))
    longest = max(rows["close"].drop_nulls().to_list(), default=0)
    said = f"every window is as long as declared; recursive features settle to 1e-9 within {longest} sessions"
    if late.height:
        said = f"{late.height} features need longer than declared, e.g. {late['feature'][0]}; symbols that pause settle later"
    return AssetCheckResult(
        passed=not late.height,
        severity=AssetCheckSeverity.WARN,
        description=said,
        metadata={"features that need longer": late.height, "sessions": preview(rows, _SHOWN)},
    )


def _years(context: AssetCheckExecutionContext, name: str) -> list[str]:
    """The years of the run, or all that are published when it selects none."""
    if context.has_partition_key or context.has_partition_key_range:
        return list(context.partition_keys)
    return stored_years(platform_of(context), name)


def _of(gate: Gate, verdicts: Sequence[Verdict]) -> Verdict | None:
    return next((verdict for verdict in verdicts if verdict.gate == gate.name), None)


def _passes(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.passed


def _described(gate: Gate, blocks: bool) -> str:
    rule = f"{gate.title[:1].upper()}{gate.title[1:]}."
    return f"{rule} {'A panel that fails is not published.' if blocks else 'A panel that fails is published all the same.'}"
