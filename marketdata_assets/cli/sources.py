"""`marketdata sources`: the landing folders, what lies in them and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from marketdata_assets.cli.session import Session, command

if TYPE_CHECKING:
    from marketdata_assets.pipeline.platform import Platform


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "sources", rich_help_panel="Bring in")(sources)


def sources(
    session: Session,
    name: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help="list this source's files one by one")] = None,
) -> None:
    """List the configured sources with their landing folders; for one source, every file that ever landed.

    For example:

        marketdata sources

        marketdata sources tiingo --json
    """
    import polars as pl

    platform = session.platform
    if name is not None:
        from marketdata_assets.pipeline.inventory import inventory

        shown = ("path", "state", "format", "timeframe", "symbol", "first", "last", "rows", "refused_rows", "known_at", "reason")
        session.out.frame(inventory(platform, name).select(shown))
        return
    session.out.frame(pl.DataFrame([_row(platform, each) for each in platform.settings.sources], infer_schema_length=None))


def _row(platform: Platform, name: str) -> dict[str, Any]:
    import polars as pl

    from marketdata_assets.pipeline.folder import landed_files
    from marketdata_assets.pipeline.inventory import inventory

    config, held = platform.settings.sources[name], inventory(platform, name)
    preset = config.format if isinstance(config.format, str) else "recognised" if config.format is None else "configured"
    return {
        "source": name,
        "asset_class": config.asset_class,
        "timeframes": ", ".join(config.timeframes),
        "priority": config.priority,
        "format": preset if config.enabled else f"{preset} (disabled)",
        "files": len(landed_files(config.folder) if not config.networked else []),
        "landed": held.filter(pl.col("state") == "landed")["payload_sha256"].n_unique(),
        "refused": held.filter(pl.col("state") == "refused")["payload_sha256"].n_unique(),
        "rows": int(held["rows"].sum()),
        "received": held["known_at"].max(),
        "folder": str(config.landing or config.vendor),
    }
