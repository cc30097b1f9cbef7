"""What a gate is: a value with a name, a severity, whether it blocks, and one way of judging a whole panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from marketdata_assets.rules.rule import Severity
from marketdata_assets.schemas.table import Table


@dataclass(frozen=True)
class PanelContext:
    """What the gates must know beside the panel.

    `table`: its declaration. `members`: (date, symbol), whom the universe held on each date of the panel. `seen`: (date, symbol, sessions,
    newest), for each member how many sessions it had traded on by the date, the date included, and the newest of them (0 and null before
    its first bar). `decisions`: (date, decision), the session after each date, at whose open the row may be acted on.
    """

    table: Table
    members: pl.DataFrame
    seen: pl.DataFrame
    decisions: pl.DataFrame

    @property
    def features(self) -> list[str]:
        """The feature columns in order."""
        return [name for name in self.table.polars_schema if name not in self.table.key]


@dataclass(frozen=True)
class Verdict:
    """What a gate says: whether the panel passes, why (in words with figures), and the figures themselves, plain numbers and a table."""

    gate: str
    passed: bool
    said: str
    figures: dict[str, float] = field(default_factory=dict)
    table: pl.DataFrame = field(default_factory=pl.DataFrame)


@dataclass(frozen=True)
class Gate:
    """One gate: `judge` takes the panel and its context. A blocking one that fails keeps the panel from being published."""

    name: str
    title: str
    severity: Severity
    blocking: bool
    remedy: str
    judge: Callable[[pl.DataFrame, PanelContext], Verdict]
