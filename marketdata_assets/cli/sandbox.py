"""`marketdata sandbox`: the simulated market behind the vendors' own interfaces, on this machine."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marketdata_assets.cli.session import Session, command
from marketdata_assets.core.faults import ConfigFault

if TYPE_CHECKING:
    from datetime import datetime

    from marketdata_assets.sandbox.wire.server import WireServer

_PORT = 8700


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "sandbox", rich_help_panel="Start")(sandbox)


def sandbox(
    session: Session,
    vendors: Annotated[str, typer.Option("--vendors", metavar="A,B", help="serve these only")] = "",
    port: Annotated[int, typer.Option("--port", min=0, max=65_000, help="the first port, others follow; 0: free ones")] = _PORT,
    faults: Annotated[Path | None, typer.Option("--faults", metavar="FILE", help="a YAML list of what is to go wrong")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="INSTANT", help="what the vendors knew then (UTC), not all there is")] = None,
    limits: Annotated[bool, typer.Option("--limits/--no-limits", help="keep the vendors' own rate limits")] = True,
    rate: Annotated[int | None, typer.Option("--rate", min=1, help="requests that a vendor allows, in place of its own number")] = None,
    listed: Annotated[bool, typer.Option("--list", help="say what is served, and end")] = False,
) -> None:
    """Serve the simulated market over HTTP as the vendors do, until Ctrl-C: no key of theirs is needed, and nothing leaves this machine.

    Any key but an empty one and `wrong` is good; one that begins with `free` has the vendor's free plan. For example:

        marketdata sandbox

        marketdata sandbox --vendors alpaca,polygon --no-limits

        marketdata sandbox --list
    """
    from marketdata_assets.sandbox.market import simulate
    from marketdata_assets.sandbox.wire.faults import NONE, FaultPlan
    from marketdata_assets.sandbox.wire.server import serving

    names = [name.strip() for name in vendors.split(",") if name.strip()]
    plan = FaultPlan.load(faults) if faults else NONE
    seen_at = _instant(at) if at else None
    if listed:
        _list(session, names)
        return
    with serving(simulate(), names, port=port, faults=plan, seen_at=seen_at, limits=limits, rate=rate) as server:
        _announce(session, server)
        try:
            # In short waits: an interrupt that another thread receives does not end a wait without a limit.
            while not threading.Event().wait(0.2):
                pass
        except KeyboardInterrupt:
            session.out.note(f"stopped after {len(server.asked)} requests")


def _list(session: Session, names: list[str]) -> None:
    """A row a path of each vendor."""
    import polars as pl

    from marketdata_assets.sandbox.market import simulate
    from marketdata_assets.sandbox.wire.server import WireServer

    server = WireServer(simulate(), names)
    rows = [{"vendor": name, "path": path} for name, paths in server.served().items() for path in paths]
    session.out.frame(pl.DataFrame(rows), title="What the sandbox serves")


def _announce(session: Session, server: WireServer) -> None:
    """The addresses, and the lines of marketdata.yaml that lead to them."""
    if session.out.as_json:
        session.out.document({"urls": server.urls, "at": server.book.at})
        return
    session.out.table(["vendor", "address"], list(server.urls.items()), title="The simulated market, behind the vendors' interfaces")
    session.out.say(f"They know what there was at {server.book.at:%Y-%m-%d %H:%M} UTC. In marketdata.yaml:\n")
    session.out.say("sources:")
    for name, classes in server.classes().items():
        lengths = {asset_class: length for asset_class in classes if (length := _longest_bars(name, asset_class))}
        for asset_class, length in lengths.items():
            entry = name if len(lengths) == 1 else f"{name}_{asset_class.removeprefix('us_')}"
            lines = (f"vendor: {name}", f"asset_class: {asset_class}", f"timeframes: [{length}]", f"base_url: {server.urls[name]}")
            session.out.say("\n".join([f"  {entry}:", *(f"    {line}" for line in lines)]))
    session.out.say("\nSymbols: data/reference/simulated_instruments.csv. Keys: any text, where the vendor's own would be. Ctrl-C ends it.")


def _longest_bars(vendor_name: str, asset_class: str) -> str | None:
    """The longest bars that a source of this vendor can ask for, None where it knows none of the asset class."""
    from marketdata_assets.core.timeframes import TIMEFRAMES
    from marketdata_assets.sources.question import Data
    from marketdata_assets.sources.registry import vendor

    return next((name for name in reversed(TIMEFRAMES) if vendor(vendor_name).serving(Data.BARS, asset_class, name)), None)


def _instant(text: str) -> datetime:
    from datetime import UTC, datetime

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigFault("reading --at", f"{text[:40]!r} is no instant", "write it as 2025-06-20T21:30") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
