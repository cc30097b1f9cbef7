"""`marketdata sources`: where data come from: vendors asked over the network and landing folders, with their health and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from marketdata_assets.cli.session import FOUND_WRONG, OK, Session, command

if TYPE_CHECKING:
    from marketdata_assets.pipeline.live_check import Checked
    from marketdata_assets.pipeline.platform import Platform
    from marketdata_assets.sources.source import Source

_SHORT = ("source", "vendor", "asset_class", "timeframes", "plan", "ready", "health", "left", "month_left", "priority")
_FOLDER = ("source", "asset_class", "timeframes", "priority", "format", "files", "landed", "refused", "rows", "received", "folder")
_UNUSED = ("vendor", "title", "asset_class", "data", "timeframes", "plans", "ready", "licence")


class _Named(TyperGroup):
    """`marketdata sources NAME` is short for `marketdata sources show NAME`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        return super().resolve_command(ctx, args if args and args[0] in self.commands else ["show", *args])


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this file as a group whose default is the list."""
    group = typer.Typer(cls=_Named)
    command(group, of_group=True)(sources)
    command(group, "show")(show)
    command(group, "check")(check)
    app.add_typer(group, name="sources", rich_help_panel="Bring in")


def sources(
    session: Session,
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="vendors that nobody configured, too")] = False,
) -> None:
    """List the configured sources: what they bring, whether they are ready, how they fare, and what they may still be asked.

    `ready` names the environment variables that hold no key; `left` is the tightest of the vendor's windows on this machine,
    `month_left` what the month's budgets have room for. `marketdata sources NAME` shows everything that ever came from one source.

    For example:

        marketdata sources

        marketdata sources --all

        marketdata sources tiingo --json

        marketdata sources check alpaca --symbol AAPL
    """
    if ctx.invoked_subcommand is not None:
        return
    platform = session.platform
    configured = [_row(platform, name) for name in platform.settings.sources]
    unused = _unused(platform) if every else []
    if session.out.as_json:
        session.out.document([*configured, *unused])
        return
    networked = [row for row in configured if row["vendor"]]
    folders = [row for row in configured if not row["vendor"]]
    _table(session, "asked over the network", networked, _SHORT)
    _table(session, "landing folders", folders, _FOLDER)
    _table(session, "vendors that nobody configured", unused, _UNUSED)


def _table(session: Session, title: str, rows: list[dict[str, Any]], names: tuple[str, ...]) -> None:
    if rows:
        session.out.table(names, [[row[name] for name in names] for row in rows], title=title)


def show(session: Session, name: Annotated[str, typer.Argument(metavar="SOURCE", help="a source of marketdata.yaml")]) -> None:
    """List everything that ever came from one source: its landed files, or each answer of its vendor; of a vendor the terms first.

    For example:

        marketdata sources show tiingo
    """
    from marketdata_assets.pipeline.inventory import inventory

    shown = ("path", "state", "format", "timeframe", "symbol", "first", "last", "rows", "refused_rows", "known_at", "reason")
    rows = inventory(session.platform, name).select(shown)
    if session.platform.settings.sources[name].networked and not session.out.as_json:
        told = _row(session.platform, name)
        names = ("title", "plan", "data", "ready", "health", "last_fault", "windows", "month_left", "monthly_fee_usd", "licence", "docs")
        session.out.table(["", ""], [[each, told[each]] for each in names if told[each] not in (None, "")], title=name)
    session.out.frame(rows)


def check(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="a networked source of marketdata.yaml")],
    symbol: Annotated[str | None, typer.Option(metavar="SYMBOL", help="what to ask for; the first configured symbol when left out")] = None,
    every: Annotated[bool, typer.Option("--all", help="each dataset of the plan, a request each, rather than bars alone")] = False,
) -> None:
    """Make one live request and hold the answer against the vendor's models; exit code 1 when it does not fit or nothing comes.

    Says how many rows came, which fields no model names (new ones, and those left out on purpose), how long it took and what the vendor
    told of its quotas. It counts against the budgets
    like any request; the answer is archived, and nothing else is kept.

    For example:

        marketdata sources check alpaca

        marketdata sources check binance --symbol BTC-USDT --all
    """
    from marketdata_assets.core.faults import ConfigFault
    from marketdata_assets.pipeline.inventory import source_settings
    from marketdata_assets.pipeline.live_check import check_source
    from marketdata_assets.query.when import window
    from marketdata_assets.query.who import stretches

    config = source_settings(session.platform, name)
    if not config.networked:
        raise ConfigFault(f"checking {name}", "it is a landing folder, nobody is asked", f"`marketdata sources {name}` lists its files")
    symbols = session.platform.symbols(config.asset_class)
    asked = stretches(session.platform, [symbol], window(None, None), config.asset_class)[0].symbol if symbol else next(iter(symbols), "")
    if not asked:
        raise ConfigFault(f"checking {name}", f"no {config.asset_class} symbol is configured", "give one with --symbol")
    found = check_source(session.platform, name, asked, every_dataset=every)
    _say(session, name, found)
    empty = all(each.state == "empty" for each in found)
    if empty:
        session.out.note("nothing came to hold against the models; try another --symbol, one that trades")
    raise typer.Exit(FOUND_WRONG if empty or any(each.fault for each in found) else OK)


def _say(session: Session, name: str, found: list[Checked]) -> None:
    rows = [
        {
            "dataset": each.dataset,
            "symbol": each.symbol,
            "state": each.state,
            "rows": each.rows,
            "refused_rows": each.refused_rows,
            "unread_fields": _some(each.unread_fields) if not session.out.as_json else list(each.unread_fields),
            "seconds": each.seconds,
            "bytes": each.wire_bytes,
            "quota": ", ".join(f"{header}: {value}" for header, value in each.quota.items()),
        }
        for each in found
    ]
    if session.out.as_json:
        faults = [each.fault.as_dict() if each.fault else None for each in found]
        session.out.document([{**row, "quota": dict(e.quota), "fault": f} for row, e, f in zip(rows, found, faults, strict=True)])
        return
    session.out.table(list(rows[0]), [list(row.values()) for row in rows], title=name)
    for each in found:
        if each.fault:
            session.out.refusal(each.fault)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _row(platform: Platform, name: str) -> dict[str, Any]:
    import polars as pl

    from marketdata_assets.pipeline.folder import landed_files
    from marketdata_assets.pipeline.inventory import inventory

    config, held = platform.settings.sources[name], inventory(platform, name)
    preset = config.format if isinstance(config.format, str) else "recognised" if config.format is None else "configured"
    row = {
        "source": name,
        "vendor": config.vendor or "",
        "asset_class": config.asset_class,
        "timeframes": ", ".join(config.timeframes),
        "priority": config.priority,
        "format": "" if config.networked else preset if config.enabled else f"{preset} (disabled)",
        "files": 0 if config.networked else len(landed_files(config.folder)),
        "landed": held.filter(pl.col("state") == "landed", pl.col("payload_sha256") != "")["payload_sha256"].n_unique(),
        "refused": held.filter(pl.col("state") == "refused").select("path", "payload_sha256").n_unique(),
        "rows": int(held["rows"].sum()),
        "received": held["known_at"].max(),
        "folder": str(config.landing or ""),
    }
    return {**row, **_over_the_network(platform, name)} if config.networked else row


def _over_the_network(platform: Platform, name: str) -> dict[str, Any]:
    """What is known of a networked source beyond its answers: terms, keys, health and budgets."""
    from marketdata_assets.pipeline.budgets import month_standing, usd
    from marketdata_assets.pipeline.health import health
    from marketdata_assets.pipeline.quotas import windows_left

    config = platform.settings.sources[name]
    vendor = config.source()
    plan, well, month = vendor.plan(config.plan), health(platform, name), month_standing(platform, name)
    windows = windows_left(platform, name)
    tightest = min(windows, key=lambda each: each.left / each.limit, default=None)
    rooms = [] if month.requests_left is None else [f"{month.requests_left:,} requests"]
    rooms += [] if month.micro_usd_left is None else [f"${usd(month.micro_usd_left):f}"]
    return {
        **_about(vendor, config.asset_class),
        "plan": plan.name,
        "monthly_fee_usd": f"{plan.monthly_fee:f}",
        "ready": "disabled" if not config.enabled else _lacking(platform, name) or "yes",
        "health": well.word,
        "answered_lately": well.answered,
        "failed_lately": well.failed,
        "last_fault": well.last_fault,
        "left": "" if tightest is None else str(tightest),
        "windows": "; ".join(f"{each.budget}: {each}" for each in windows),
        "month_left": ", ".join(rooms) or "no limit",
        "requests_left": month.requests_left,
    }


def _lacking(platform: Platform, name: str) -> str:
    """Variables without a key that any dataset of the source needs, in words; empty when it is ready."""
    from marketdata_assets.pipeline.connection import api_of, missing_variables

    config = platform.settings.sources[name]
    vendor = config.source()
    mine = [dataset for dataset in vendor.datasets if dataset.asset_class == config.asset_class]
    lacking = dict.fromkeys(v for dataset in mine for v in missing_variables(platform, vendor, api_of(platform, name, dataset)))
    return f"{', '.join(lacking)} not set" if lacking else ""


def _about(vendor: Source, asset_class: str | None = None) -> dict[str, Any]:
    mine = [dataset for dataset in vendor.datasets if asset_class in (None, dataset.asset_class)]
    return {
        "title": vendor.title,
        "data": ", ".join(dict.fromkeys(dataset.data.value for dataset in mine)),
        "licence": vendor.licence,
        "official": vendor.official,
        "docs": vendor.docs,
    }


def _unused(platform: Platform) -> list[dict[str, Any]]:
    """A row for each vendor that no source names."""
    from marketdata_assets.settings import credentials_of
    from marketdata_assets.sources.registry import vendor, vendor_names

    used = {config.vendor for config in platform.settings.sources.values()}
    rows = []
    for each in (vendor(name) for name in vendor_names() if name not in used):
        held = credentials_of(each)
        lacking = [key.variable for key in each.credentials if key.required and key.name not in held]
        lengths = dict.fromkeys(length for dataset in each.datasets for length in dataset.timeframes)
        rows.append(
            {
                "source": "",
                "vendor": each.name,
                **_about(each),
                "asset_class": ", ".join(each.asset_classes),
                "timeframes": ", ".join(lengths),
                "plans": ", ".join(plan.name for plan in each.plans),
                "ready": f"{', '.join(lacking)} not set" if lacking else "yes",
            }
        )
    return rows
