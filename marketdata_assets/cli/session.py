"""What every command has: the options of where and how, the opened platform, and one way to refuse."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from marketdata_assets.cli.output import Output
from marketdata_assets.core.faults import Fault

if TYPE_CHECKING:
    from marketdata_assets.market_data import MarketData
    from marketdata_assets.pipeline.platform import Platform

OK, FOUND_WRONG, ASKED_WRONG, INTERRUPTED = 0, 1, 2, 130
_ASKED_WRONG = {"config", "symbol", "query"}
_WHERE = "Where and how"

_Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="marketdata.yaml to use (else $MARKETDATA_CONFIG, else the one here)", rich_help_panel=_WHERE
    ),
]
_Lake = Annotated[
    str | None, typer.Option("--lake", metavar="ROOT", help="lake to use: a folder or s3://bucket/prefix", rich_help_panel=_WHERE)
]
_Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, refusals too", rich_help_panel=_WHERE)]
_Debug = Annotated[bool, typer.Option("--debug", help="show the traceback of a refusal", rich_help_panel=_WHERE)]


@dataclass
class Session:
    """One run of a command: where its platform is and how it answers."""

    config: Path | None
    lake: str | None
    out: Output
    debug: bool

    @cached_property
    def market(self) -> MarketData:
        """The lake opened for reading; says on the way in when its numbers are invented."""
        from marketdata_assets.market_data import MarketData

        opened = MarketData(self.config, lake=self.lake)
        if opened.platform.settings.market == "simulated":
            from marketdata_assets.sandbox.embedded import Embedded

            opened.platform.address = Embedded()
            self.out.note("simulated market: invented symbols and numbers (marketdata.yaml says `market: simulated`)")
        return opened

    @property
    def platform(self) -> Platform:
        """The opened platform."""
        return self.market.platform


def command(
    app: typer.Typer, name: str | None = None, *, of_group: bool = False, **settings: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a function of (session, its own options) as a command that also has --config, --lake, --json and --debug.

    With `of_group`, it is what the group itself does when no command of it is named. A `Fault` leaves as one block (or as JSON) and exit
    code 2 when the question was wrong, 1 when the data or the storage were.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(function, include_extras=True)
        _, *own = inspect.signature(function).parameters.values()
        shared = {"config": (_Config, None), "lake": (_Lake, None), "as_json": (_Json, False), "debug": (_Debug, False)}

        def run(**given: Any) -> None:
            where = {key: given.pop(key) for key in shared}
            session = Session(where["config"], where["lake"], Output(as_json=where["as_json"]), where["debug"])
            _refusing(session, lambda: function(session, **given))

        parameters = [p.replace(annotation=hints[p.name], kind=p.KEYWORD_ONLY) for p in own]
        parameters += [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, annotation=a, default=d) for n, (a, d) in shared.items()]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        run.__doc__, run.__name__ = function.__doc__, function.__name__
        (app.callback(invoke_without_command=True, **settings) if of_group else app.command(name, **settings))(run)
        return function

    return register


def _refusing(session: Session, work: Callable[[], None]) -> None:
    try:
        work()
    except Fault as fault:
        session.out.refusal(fault)
        if session.debug:
            session.out.traceback()
        raise typer.Exit(ASKED_WRONG if fault.code in _ASKED_WRONG else FOUND_WRONG) from None
    except KeyboardInterrupt:
        session.out.note("stopped; whatever was published before stays, and the same command takes up the rest")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        session.out.hang_up()
        raise typer.Exit(OK) from None
