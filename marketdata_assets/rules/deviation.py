"""Sources beside each other: closes that the others do not bear out."""

from __future__ import annotations

import polars as pl

from marketdata_assets.core.agreement import supported
from marketdata_assets.rules.rule import Action, Rule, Severity, Stage, cases, sentence
from marketdata_assets.rules.scope import Scope


def find_deviations(scope: Scope) -> pl.DataFrame:
    """Cases, one a row: fewer than half of the other sources have a close within the tolerance of this one."""
    apart = scope.peers.filter(~supported(), pl.col("row").is_not_null())
    words = "close {} lies up to {} bp from {} other sources, {} of them support it"
    reason = sentence(words, "close", pl.col("deviation_bps").round(1), "n_others", "n_supporting")
    return cases(apart, reason, pl.col("deviation_bps"))


CROSS_SOURCE_DEVIATION = Rule(
    "cross_source_deviation",
    "a source's close lies away from the others'",
    Stage.SERIES,
    Action.REPORT,
    Severity.WARN,
    "look at the bar in every source; arbitration takes the first source that at least half of the others support",
    find=find_deviations,
)
DEVIATION_RULES = (CROSS_SOURCE_DEVIATION,)
