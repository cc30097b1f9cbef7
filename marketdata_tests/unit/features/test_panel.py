"""What the panel does with bars that are missing, idle, flat, new or doubled, and with splits nobody can tell."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from marketdata_assets.core.faults import SchemaFault
from marketdata_assets.transforms.features.feature import Kernel
from marketdata_assets.transforms.features.panel import WRITES, panel
from marketdata_assets.transforms.features.registry import FEATURES
from marketdata_tests.unit.features.market import NO_EVENTS, NO_SECTORS, members_of, sectors_of, split, traded_after_split, walk

START = date(2020, 1, 1)
END = date(2022, 1, 1)
SYMBOLS = [f"S{k:02d}" for k in range(12)]
NAMES = [feature.name for feature in FEATURES]
OWN = [*WRITES[Kernel.WINDOWS], *WRITES[Kernel.RECURSIVE]]


def day(k: int) -> date:
    return START + timedelta(days=k)


def made(bars: pl.DataFrame, events: pl.DataFrame = NO_EVENTS, members: pl.DataFrame | None = None) -> pl.DataFrame:
    sectors = sectors_of(dict.fromkeys(SYMBOLS, "A"))
    return panel(bars, events, members_of(bars) if members is None else members, sectors, START, END)


def series(found: pl.DataFrame, symbol: str, name: str) -> list[float | None]:
    return found.filter(pl.col("symbol") == symbol)[name].to_list()


def nothing_but_numbers(found: pl.DataFrame) -> bool:
    return all(found.select(pl.col(NAMES).is_finite().all()).row(0))


def test_a_bar_without_volume_is_a_session_and_what_divides_by_it_is_null_until_it_is_out_of_the_window() -> None:
    bars = walk(SYMBOLS, START, 120)
    idle = (pl.col("symbol") == "S02") & (pl.col("session") == day(80))
    found = made(bars.with_columns(pl.when(idle).then(0.0).otherwise("volume").alias("volume")))
    assert nothing_but_numbers(found)
    amihud, change = series(found, "S02", "f_amihud_21d"), series(found, "S02", "f_volume_chg_1d")
    assert [k for k in range(60, 120) if amihud[k] is None] == list(range(80, 101))
    assert [k for k in range(60, 120) if change[k] is None] == [81]
    assert change[80] == -1.0
    assert None not in series(found, "S02", "f_volume_surprise")[60:]
    assert None not in series(found, "S02", "f_ret_1d")[60:]


def test_a_flat_series_has_no_rsi_no_position_and_no_reversal_but_a_volatility_of_0() -> None:
    bars = walk(SYMBOLS, START, 120)
    flat = bars.with_columns(
        pl.when(pl.col("symbol") == "S02").then(0.1).otherwise(name).alias(name) for name in ("open", "high", "low", "close")
    )
    found = made(flat.with_columns(pl.when(pl.col("symbol") == "S02").then(1e6 / 3).otherwise("volume").alias("volume")))
    assert nothing_but_numbers(found)
    for name in ("f_rsi_14", "f_bb_pos_20", "f_reversal_5d", "f_mfi_14", "f_volume_ret_corr_21d"):
        assert set(series(found, "S02", name)) == {None}
    for name in ("f_vol_21d", "f_atr_14", "f_macd_hist", "f_volume_cv_21d"):
        assert set(series(found, "S02", name)[40:]) == {0.0}
    assert series(found, "S02", "f_volume_surprise")[119] == pytest.approx(0.0, abs=1e-15)


def test_gains_alone_give_an_rsi_of_100_and_losses_alone_0() -> None:
    rising = walk(["S00"], START, 40).with_columns(close=pl.int_range(100, 140).cast(pl.Float64))
    rising = rising.with_columns(open="close", high="close", low="close")
    falling = rising.with_columns(pl.col("open", "high", "low", "close").reverse(), symbol=pl.lit("S01"))
    found = made(pl.concat([rising, falling]))
    assert set(series(found, "S00", "f_rsi_14")) == {None, 100.0} == set(series(found, "S00", "f_mfi_14"))
    assert set(series(found, "S01", "f_rsi_14")) == {None, 0.0} == set(series(found, "S01", "f_mfi_14"))


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), 0.0, -1.0])
def test_one_bad_bar_spoils_its_windows_and_nothing_else(bad: float | None) -> None:
    bars = walk(SYMBOLS, START, 400)
    hit = (pl.col("symbol") == "S02") & (pl.col("session") == day(100))
    spoilt = [pl.when(hit).then(pl.lit(bad, pl.Float64)).otherwise(name).alias(name) for name in ("open", "high", "low", "close")]
    clean, found = made(bars), made(bars.with_columns(spoilt))
    assert nothing_but_numbers(found)
    assert series(found, "S02", "f_ret_1d")[99:103] == [
        *series(clean, "S02", "f_ret_1d")[99:100],
        None,
        None,
        *series(clean, "S02", "f_ret_1d")[102:103],
    ]
    assert [
        series(found, "S02", name)[100]
        for name in OWN
        if name not in ("f_volume_surprise", "f_volume_chg_1d", "f_turnover_5_63", "f_volume_cv_21d", "f_mom_126_21", "f_mom_252_21")
    ] == [None] * (len(OWN) - 6)
    for name in WRITES[Kernel.WINDOWS]:
        assert series(found, "S02", name)[353:] == series(clean, "S02", name)[353:], name
        assert None not in series(found, "S02", name)[353:]
    for name in WRITES[Kernel.RECURSIVE]:
        values = series(found, "S02", name)
        warm_up = next(feature.warm_up for feature in FEATURES if feature.name == name)
        assert [k for k in range(100, 400) if values[k] is None] == list(range(100, 101 + warm_up))
        # What came before the bad bar fades from the state: 250 sessions later it is gone.
        assert values[399] == pytest.approx(series(clean, "S02", name)[399], rel=1e-6, abs=1e-9)
    others = pl.col("symbol") != "S02"
    assert found.filter(others).select(OWN).equals(clean.filter(others).select(OWN))


def test_a_symbol_listed_later_counts_its_own_sessions() -> None:
    bars = walk(SYMBOLS, START, 200).filter((pl.col("symbol") != "S07") | (pl.col("session") >= day(90)))
    found = made(bars)
    values = series(found, "S07", "f_vol_63d")
    assert len(values) == 200
    assert [k for k, value in enumerate(values) if value is not None] == list(range(90 + 63, 200))
    assert set(found.filter(pl.col("date") < day(90), pl.col("symbol") == "S07").select(NAMES).row(0)) == {None}
    counted = found.filter(pl.col("date") == day(60))["f_cs_rank_ret"].drop_nulls()
    assert counted.len() == 11
    assert counted.max() == 1.0


def test_days_without_a_bar_are_not_counted() -> None:
    bars = walk(SYMBOLS, START, 200)
    thin = bars.filter((pl.col("symbol") != "S03") | (pl.col("session").dt.day() % 2 == 0))
    found = made(thin).filter(pl.col("symbol") == "S03")
    close = thin.filter(pl.col("symbol") == "S03")["close"].to_list()
    last = thin.filter(pl.col("symbol") == "S03")["session"].to_list()[-1]
    assert found.filter(pl.col("date") == last)["f_ret_21d"].item() == close[-1] / close[-22] - 1
    assert found.filter(pl.col("date").dt.day() % 2 == 1).select(pl.col(NAMES).is_null().all()).row(0) == (True,) * len(NAMES)


def test_one_symbol_alone_has_ranks_of_1_and_nothing_to_be_compared_with() -> None:
    bars = walk(["S00"], START, 300)
    found = made(bars)
    assert nothing_but_numbers(found)
    assert set(found["f_cs_rank_ret"].drop_nulls()) == {1.0}
    assert found["f_cs_zscore_ret"].null_count() == found.height
    assert found["f_res_mom_ols"].null_count() == found.height
    assert set(found["f_res_ret_sector"].drop_nulls()) == {0.0}
    assert found["f_beta_63d"].drop_nulls().to_list() == pytest.approx([1.0] * 237)


def test_the_fit_needs_ten_members() -> None:
    for members, some in ((9, False), (10, True)):
        bars = walk(SYMBOLS[:members], START, 270)
        assert (made(bars)["f_res_mom_ols"].count() > 0) == some


def test_a_split_of_unknown_or_contested_ratio_is_not_looked_across() -> None:
    bars = traded_after_split(walk(SYMBOLS, START, 300), "S02", day(100), 2.0)
    contested = pl.concat([split("S02", day(100), 2.0), split("S02", day(100), 3.0)])
    for events in (split("S02", day(100), None), contested):
        found = made(bars, events)
        returns = series(found, "S02", "f_ret_1d")
        assert [k for k in range(1, 300) if returns[k] is None] == [100]
        momentum = series(found, "S02", "f_ret_21d")
        assert [k for k in range(21, 300) if momentum[k] is None] == list(range(100, 121))
        strength = series(found, "S02", "f_rsi_14")
        assert [k for k in range(14, 300) if strength[k] is None] == list(range(100, 114))
    twice = pl.concat([split("S02", day(100), 2.0), split("S02", day(100), 2.0)])
    assert made(bars, twice).equals(made(bars, split("S02", day(100), 2.0)))


def test_a_split_that_took_effect_while_nothing_traded_counts_from_the_next_bar() -> None:
    bars = traded_after_split(walk(SYMBOLS, START, 100), "S02", day(50), 4.0)
    halted = bars.filter((pl.col("symbol") != "S02") | ~pl.col("session").is_between(day(45), day(55)))
    returns = made(halted, split("S02", day(50), 4.0)).filter(pl.col("symbol") == "S02")
    assert returns["f_ret_1d"].abs().max() < 0.3  # type: ignore[operator]


def test_members_without_any_bar_and_dates_outside_the_window_have_their_place() -> None:
    bars = walk(SYMBOLS, START, 100)
    members = pl.concat([members_of(bars), pl.DataFrame({"date": [day(50)], "symbol": ["NOBARS"]})])
    found = panel(bars, NO_EVENTS, members, NO_SECTORS, day(40), day(60))
    assert found.height == 20 * 12 + 1
    assert found["date"].min() == day(40)
    assert found["date"].max() == day(59)
    assert set(found.filter(pl.col("symbol") == "NOBARS").select(NAMES).row(0)) == {None}
    assert found.select("date", "symbol").equals(found.select("date", "symbol").sort("date", "symbol"))


def test_nobody_and_nothing_give_an_empty_panel() -> None:
    bars = walk(SYMBOLS, START, 50)
    for empty in (
        panel(bars, NO_EVENTS, members_of(bars), NO_SECTORS, END, END),
        made(bars.clear()),
        made(bars, members=members_of(bars).clear()),
    ):
        assert empty.height == 0
        assert empty.columns == ["date", "symbol", *NAMES]
        assert set(empty.dtypes[2:]) == {pl.Float64()}


def test_a_bar_or_member_that_comes_twice_is_refused() -> None:
    bars = walk(SYMBOLS, START, 10)
    with pytest.raises(SchemaFault, match="12 rows repeat symbol and session"):
        made(pl.concat([bars, bars.filter(pl.col("session") == day(3))]))
    with pytest.raises(SchemaFault, match="rows repeat date and symbol"):
        made(bars, members=pl.concat([members_of(bars)] * 2))
    with pytest.raises(SchemaFault, match="session is null"):
        made(bars.with_columns(session=pl.lit(None, pl.Date)))
