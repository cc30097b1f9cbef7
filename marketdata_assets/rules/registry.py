"""Every quality rule, in the order in which reports list them."""

from __future__ import annotations

import polars as pl

from marketdata_assets.rules.basis import BASIS_RULES
from marketdata_assets.rules.coverage import PARTITION_RULES
from marketdata_assets.rules.deviation import DEVIATION_RULES
from marketdata_assets.rules.gaps import GAP_RULES
from marketdata_assets.rules.identical import IDENTICAL_RULES
from marketdata_assets.rules.moves import MOVE_RULES
from marketdata_assets.rules.rule import Action, Rule, Severity, Stage
from marketdata_assets.rules.shift import SHIFT_RULES
from marketdata_assets.rules.times import TIME_RULES
from marketdata_assets.rules.values import VALUE_RULES
from marketdata_assets.schemas.bars import NORMALIZED_BARS


def schema_defects(frame: pl.DataFrame) -> str | None:
    """How the columns and types of `frame` differ from those of normalized bars; None when they do not."""
    wanted, found = NORMALIZED_BARS.polars_schema, frame.schema
    missing = [f"{name} is missing" for name in wanted if name not in found]
    mistyped = [f"{name} is {found[name]}, not {dtype}" for name, dtype in wanted.items() if name in found and found[name] != dtype]
    extra = [f"{name} is not a column of the table" for name in found if name not in wanted]
    return "; ".join(missing + mistyped + extra) or None


SCHEMA = Rule(
    "schema",
    "a column is missing, unknown or of another type",
    Stage.FRAME,
    Action.BLOCK,
    Severity.ERROR,
    "hand over what normalize returns",
    verify=schema_defects,
)
RULES: tuple[Rule, ...] = (
    SCHEMA,
    *VALUE_RULES,
    *TIME_RULES,
    *MOVE_RULES,
    *SHIFT_RULES,
    *IDENTICAL_RULES,
    *BASIS_RULES,
    *DEVIATION_RULES,
    *GAP_RULES,
    *PARTITION_RULES,
)
BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}
