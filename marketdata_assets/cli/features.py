"""`marketdata features` and `marketdata prove-no-lookahead`: what a panel holds, its report, its files, and the proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marketdata_assets.cli.bars import END, START
from marketdata_assets.cli.session import FOUND_WRONG, Session, command

if TYPE_CHECKING:
    from marketdata_assets.transforms.lookahead.proof import Proof

_UNIVERSE = typer.Option("--universe", "-u", metavar="NAME", help="an asset class or its panel's universe; the only panel when left out")
_SHOWN = 40


def add_to(app: typer.Typer) -> None:
    """Adds the group and the command of this file."""
    group = typer.Typer(help="Feature panels: what they hold, a report, files.", no_args_is_help=True)
    command(group, "list")(list_features)
    command(group, "show")(show)
    command(group, "report")(report)
    command(group, "export")(export)
    app.add_typer(group, name="features", rich_help_panel="Look")
    command(app, "prove-no-lookahead", rich_help_panel="Look after")(prove_no_lookahead)


def list_features(session: Session) -> None:
    """List every feature: its formula in words, what it is made of, its window and warm-up in sessions, when it is null.

    For example:

        marketdata features list

        marketdata features list --json
    """
    import polars as pl

    from marketdata_assets.transforms.features.registry import FEATURES

    rows = [
        (each.name, str(each.category), each.formula, ", ".join(each.inputs), each.window, each.warm_up, each.null_rule)
        for each in FEATURES
    ]
    names = ["feature", "category", "formula", "inputs", "window", "warm_up", "null"]
    kinds = [pl.String] * 4 + [pl.Int64] * 2 + [pl.String]
    session.out.frame(pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row"))


def show(
    session: Session,
    symbols: Annotated[list[str] | None, typer.Argument(metavar="[SYMBOL...]", help="all members when left out")] = None,
    start: Annotated[str | None, START] = None,
    end: Annotated[str | None, END] = None,
    columns: Annotated[str | None, typer.Option(metavar="A,B", help="features to show, comma separated, with or without f_")] = None,
    universe: Annotated[str | None, _UNIVERSE] = None,
    limit: Annotated[int, typer.Option(min=0, help="the newest rows only")] = _SHOWN,
) -> None:
    """Show rows of a published panel: known at the close of their date, for decisions after it.

    For example:

        marketdata features show AAPL MSFT --start 2024-06 --columns ret_1d,rsi_14,beta_63d
    """
    wanted = [name.strip() for name in columns.split(",")] if columns else None
    rows = session.market.features(symbols or universe, start, end, wanted)
    session.out.frame(rows.tail(limit))
    if rows.height > limit and not session.out.as_json:
        session.out.note(f"the newest {limit} rows of {rows.height}; there are more (--limit)")


def report(
    session: Session,
    years: Annotated[list[str] | None, typer.Argument(metavar="[YEAR...]", help="published years; the newest when left out")] = None,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="where the page goes")] = Path("feature-report.html"),
    universe: Annotated[str | None, _UNIVERSE] = None,
) -> None:
    """Write one self-contained HTML page about a panel: gates, coverage, dispersion, persistence, correlation, turnover, missing data.

    For example:

        marketdata features report

        marketdata features report 2022 2023 2024 --to panel.html
    """
    from marketdata_assets.core.faults import StorageFault
    from marketdata_assets.pipeline.panel.report import report_page
    from marketdata_assets.query.features import panel_class

    page = report_page(session.platform, panel_class(session.platform, universe), years or ())
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(page, encoding="utf-8")
    except OSError as error:
        raise StorageFault(f"writing {to}", error.strerror or str(error), "choose another place with --to") from None
    if session.out.as_json:
        session.out.document({"report": str(to.absolute()), "bytes": len(page.encode())})
        return
    session.out.say(f"{to.absolute()}", "green")


def export(
    session: Session,
    to: Annotated[Path, typer.Option("--to", metavar="PLACE", help="a name that ends in .parquet, or a new folder for Qlib")],
    qlib: Annotated[bool, typer.Option("--qlib", help="Qlib's format instead of one Parquet file")] = False,
    start: Annotated[str | None, START] = None,
    end: Annotated[str | None, END] = None,
    columns: Annotated[str | None, typer.Option(metavar="A,B", help="features, comma separated; all when left out")] = None,
    universe: Annotated[str | None, _UNIVERSE] = None,
) -> None:
    """Write a panel as one Parquet file, or in Qlib's format: calendars, instruments, one binary file a symbol and feature.

    For example:

        marketdata features export --to panel.parquet --start 2020

        marketdata features export --qlib --to ~/.qlib/panel
    """
    from marketdata_assets.pipeline.panel.export import write_parquet, write_qlib
    from marketdata_assets.query.features import panel_class

    name = panel_class(session.platform, universe)
    wanted = [each.strip() for each in columns.split(",")] if columns else None
    rows = session.market.features(name, start, end, wanted)
    place = to.expanduser()
    files = write_qlib(session.platform, name, rows, place) if qlib else min(1, write_parquet(rows, place))
    told = {"place": str(place.absolute()), "files": files, "rows": rows.height, "features": rows.width - 2}
    if session.out.as_json:
        session.out.document(told)
        return
    session.out.say(f"{told['rows']} rows x {told['features']} features in {told['place']} ({told['files']} files)", "green")


def prove_no_lookahead(
    session: Session,
    year: Annotated[str | None, typer.Argument(metavar="[YEAR]", help="the panel's year; the newest published one when left out")] = None,
    cuts: Annotated[int, typer.Option(min=1, max=200, help="random days at which the future is exchanged")] = 5,
    seed: Annotated[int, typer.Option(help="draws the days and the changes; the same seed tries the same")] = 0,
    planted: Annotated[bool, typer.Option("--planted", help="show first that the proof catches every leak planted for it")] = False,
    universe: Annotated[str | None, _UNIVERSE] = None,
) -> None:
    """Prove that the feature panel does not see the future: exchange everything after a day, rebuild, compare the past to the bit.

    At each random day bars, splits, members and sectors after it are taken away once, and once replaced by others: prices, volumes, splits,
    gaps, symbols that end or begin, members, listings, sectors. Exit code 1 when a row up to that day differs in a single bit.

    For example:

        marketdata prove-no-lookahead

        marketdata prove-no-lookahead 2023 --cuts 20 --seed 7

        marketdata prove-no-lookahead --planted
    """
    from marketdata_assets.pipeline.panel.build import stored_years
    from marketdata_assets.pipeline.panel.proof import prove_panel
    from marketdata_assets.query.features import panel_class

    caught = _planted(session, seed) if planted else None
    name = panel_class(session.platform, universe)
    chosen = year or next(iter(stored_years(session.platform, name)[::-1]), None) or _newest_year(session, name)
    with session.out.progress(f"prove {name} {chosen}") as moved:
        proof = prove_panel(session.platform, name, chosen, cuts=cuts, seed=seed, progress=moved)
    _tell(session, name, chosen, proof, caught)
    if not proof.passed or (caught is not None and caught[0] < caught[1]):
        raise typer.Exit(FOUND_WRONG)


def _planted(session: Session, seed: int) -> tuple[int, int]:
    """How many planted leaks the proof caught, and of how many."""
    from marketdata_assets.transforms.lookahead.cuts import cut_dates
    from marketdata_assets.transforms.lookahead.leaks import LEAKS
    from marketdata_assets.transforms.lookahead.market import small_market
    from marketdata_assets.transforms.lookahead.proof import prove

    market = small_market()
    days = cut_dates(market, market.sessions[5:], 14, seed=3)
    found = [leak for leak in LEAKS if not prove(leak.build, market, days, seed=seed).passed]
    missed = [leak.name for leak in LEAKS if leak not in found]
    session.out.say(f"{len(found)} of {len(LEAKS)} planted leaks are caught" + (f"; missed: {', '.join(missed)}" if missed else ""))
    return len(found), len(LEAKS)


def _newest_year(session: Session, name: str) -> str:
    from datetime import timedelta

    from marketdata_assets.core import clock
    from marketdata_assets.pipeline.panel.sources import panel_sources

    newest = panel_sources(session.platform, name, clock.now().date() + timedelta(days=1)).calendar["date"].to_list()[-1]
    return str(newest.year)


def _tell(session: Session, name: str, year: str, proof: Proof, caught: tuple[int, int] | None) -> None:
    if session.out.as_json:
        told = {"panel": name, "year": year, "passed": proof.passed, "cuts": [str(cut) for cut in proof.cuts], "builds": proof.builds}
        told |= {"rows": proof.rows, "columns": proof.columns, "leaks": proof.leaks.to_dicts()}
        session.out.document(told if caught is None else told | {"planted": caught[1], "caught": caught[0]})
        return
    if not proof.passed:
        session.out.frame(proof.leaks.head(_SHOWN), title=f"{len(proof.leaking)} columns of {name} {year} see the future")
        return
    days = ", ".join(str(cut) for cut in proof.cuts)
    session.out.say(
        f"{name} {year}: {proof.rows} rows x {proof.columns} features equal to the bit in {proof.builds} builds; cut after {days}", "green"
    )
