from __future__ import annotations

from datetime import date
from itertools import pairwise

import polars as pl

from marketdata_assets.transforms.features.panel import panel
from marketdata_assets.transforms.lookahead.inputs import PanelInputs
from marketdata_assets.transforms.lookahead.market import small_market
from marketdata_assets.transforms.lookahead.proof import prove
from marketdata_assets.transforms.panel_as_known import panels_as_known

MARKET = small_market()
DAYS = MARKET.sessions
EVENT = MARKET.events.row(0, named=True)
EX = DAYS.index(EVENT["ex_date"])
DECIDED = DAYS[EX + 6]
FOUND_OUT = MARKET.events.with_columns(decided_on=pl.when(pl.col("symbol") == EVENT["symbol"]).then(pl.lit(DECIDED)))
MEMBERS = MARKET.bars.select(date="session", symbol="symbol")
NOBODY = pl.DataFrame(
    schema={"symbol": pl.String, "from": pl.Date, "to": pl.Date, "sector": pl.String, "known_at": pl.Datetime("us", "UTC")}
)
SPAN = (DAYS[0], date(2030, 1, 1))


def built(inputs: PanelInputs) -> pl.DataFrame:
    return next(panels_as_known(inputs.bars, inputs.events, MEMBERS, NOBODY, [SPAN]))


def value(rows: pl.DataFrame, day: date, name: str) -> float:
    return rows.filter(pl.col("symbol") == EVENT["symbol"], pl.col("date") == day)[name][0]


def test_announced_splits_are_one_piece_and_the_plain_panel() -> None:
    plain = panel(MARKET.bars, MARKET.events, MEMBERS, NOBODY, *SPAN)
    assert built(MARKET).equals(plain)


def test_a_split_that_was_found_out_counts_from_the_day_it_was_sure() -> None:
    rows = next(panels_as_known(MARKET.bars, FOUND_OUT, MEMBERS, NOBODY, [SPAN]))
    assert value(rows, DAYS[EX], "f_ret_1d") < -0.4, "that evening the price had halved, for all that was known"
    assert value(rows, DAYS[EX + 5], "f_ret_21d") < -0.3
    plain = panel(MARKET.bars, MARKET.events, MEMBERS, NOBODY, *SPAN)
    later = pl.col("date") >= DECIDED
    assert rows.filter(later).equals(plain.filter(later))
    assert rows.height == plain.height


def test_the_bars_that_betray_a_split_change_no_row_before_them() -> None:
    late = PanelInputs(MARKET.bars, FOUND_OUT)
    assert prove(built, late, [DAYS[EX - 1], DAYS[EX + 2], DAYS[EX + 6], DAYS[EX + 20]]).passed
    at_once = prove(lambda inputs: panel(inputs.bars, inputs.events, MEMBERS, NOBODY, *SPAN), late, [DAYS[EX + 2]])
    assert not at_once.passed


def test_spans_come_one_by_one_and_make_up_the_whole() -> None:
    edges = [DAYS[0], DAYS[EX - 3], DAYS[EX + 2], DECIDED, DAYS[EX + 9], date(2030, 1, 1)]
    spans = list(pairwise(edges))
    parts = list(panels_as_known(MARKET.bars, FOUND_OUT, MEMBERS, NOBODY, spans))
    assert [part["date"].min() for part in parts] == edges[:-1]
    assert pl.concat(parts).equals(next(panels_as_known(MARKET.bars, FOUND_OUT, MEMBERS, NOBODY, [SPAN])))
