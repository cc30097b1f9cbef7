"""Laws of the panel: what must not change when names, scales, splits, pieces, threads, order or the future do."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from marketdata_assets.transforms.features.feature import Fused, Kernel
from marketdata_assets.transforms.features.panel import panel, panels
from marketdata_assets.transforms.features.registry import FEATURES
from marketdata_tests.unit.features.market import NO_EVENTS, members_of, sectors_of, split, traded_after_split, walk

START, SESSIONS = date(2020, 1, 1), 300
END = START + timedelta(days=SESSIONS)
SYMBOLS = [f"S{k:02d}" for k in range(14)]
SECTORS = sectors_of({symbol: "ABC"[k % 3] for k, symbol in enumerate(SYMBOLS)})
SEEDS = st.integers(0, 10_000)
LEVELS = ("f_dollar_volume_21d", "f_amihud_21d")
NAMES = [feature.name for feature in FEATURES]
few = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def made(bars: pl.DataFrame, events: pl.DataFrame = NO_EVENTS, sectors: pl.DataFrame = SECTORS, **options: object) -> pl.DataFrame:
    return panel(bars, events, members_of(bars), sectors, START, END, **options)  # type: ignore[arg-type]


def close_to(left: pl.DataFrame, right: pl.DataFrame, names: list[str] = NAMES, rest: float = 1e-9) -> None:
    assert_frame_equal(left.select("date", "symbol", *names), right.select("date", "symbol", *names), rel_tol=1e-9, abs_tol=rest)


@given(SEEDS, st.sampled_from([0.25, 2.0, 1024.0]))
@few
def test_a_price_scale_of_a_power_of_two_changes_no_bit_but_levels_of_money(seed: int, scale: float) -> None:
    bars = walk(SYMBOLS, START, SESSIONS, seed=seed)
    scaled = bars.with_columns(pl.col("open", "high", "low", "close") * scale)
    before, after = made(bars), made(scaled)
    money = [*LEVELS, "f_cs_zscore_dollar_volume", "f_res_mom_ols"]
    assert before.drop(money).equals(after.drop(money))
    assert (before["f_amihud_21d"] / scale).equals(after["f_amihud_21d"])
    close_to(before.with_columns(pl.col("f_dollar_volume_21d") + np.log(scale)), after, [name for name in money if name != "f_amihud_21d"])


@given(SEEDS, st.floats(0.01, 900.0))
@few
def test_any_price_scale_leaves_ratios_as_they_are(seed: int, scale: float) -> None:
    bars = walk(SYMBOLS, START, SESSIONS, seed=seed)
    scaled = bars.with_columns(pl.col("open", "high", "low", "close") * scale)
    close_to(made(bars), made(scaled), [name for name in NAMES if name not in LEVELS])


@given(SEEDS, st.integers(1, SESSIONS - 1), st.sampled_from([2.0, 4.0, 0.5, 0.125]))
@few
def test_a_split_by_a_power_of_two_changes_no_bit(seed: int, at: int, ratio: float) -> None:
    bars, ex_date = walk(SYMBOLS, START, SESSIONS, seed=seed), START + timedelta(days=at)
    before, after = made(bars), made(traded_after_split(bars, "S03", ex_date, ratio), split("S03", ex_date, ratio))
    logarithm = "f_volume_ret_corr_21d"
    assert before.drop(logarithm).equals(after.drop(logarithm))
    close_to(before, after, [logarithm])


@given(SEEDS, st.integers(1, SESSIONS - 1), st.sampled_from([3.0, 7.0, 1.5, 1 / 3, 0.05, 20.0]))
@few
def test_any_split_changes_nothing(seed: int, at: int, ratio: float) -> None:
    bars, ex_date = walk(SYMBOLS, START, SESSIONS, seed=seed), START + timedelta(days=at)
    close_to(made(bars), made(traded_after_split(bars, "S03", ex_date, ratio), split("S03", ex_date, ratio)))


@given(SEEDS, st.permutations(range(len(SYMBOLS))))
@few
def test_names_do_not_matter(seed: int, order: list[int]) -> None:
    bars = walk(SYMBOLS, START, SESSIONS, seed=seed)
    renamed = {symbol: SYMBOLS[k] for symbol, k in zip(SYMBOLS, order, strict=True)}
    changed = pl.col("symbol").replace_strict(renamed)
    after = made(bars.with_columns(changed), sectors=SECTORS.with_columns(changed))
    assert made(bars).with_columns(changed).sort("date", "symbol").equals(after)


@given(SEEDS, st.integers(1, 4), st.randoms(use_true_random=False))
@few
def test_order_of_rows_and_number_of_threads_do_not_matter(seed: int, threads: int, random: object) -> None:
    bars = walk(SYMBOLS, START, SESSIONS, seed=seed)
    events = pl.concat([split("S01", START + timedelta(days=100), 2.0), split("S05", START + timedelta(days=77), 3.0)])
    shuffled = random.randrange(1_000)  # type: ignore[attr-defined]
    turned = panel(
        bars.sample(fraction=1.0, shuffle=True, seed=shuffled),
        events.reverse(),
        members_of(bars).sample(fraction=1.0, shuffle=True, seed=shuffled),
        SECTORS.reverse(),
        START,
        END,
        threads=threads,
    )
    assert turned.equals(made(bars, events))


@given(SEEDS, st.lists(st.integers(1, SESSIONS - 1), min_size=1, max_size=4, unique=True))
@few
def test_pieces_put_together_are_the_whole(seed: int, cuts: list[int]) -> None:
    bars = walk(SYMBOLS, START, SESSIONS, seed=seed)
    events = split("S02", START + timedelta(days=120), 3.0)
    edges = [START, *(START + timedelta(days=cut) for cut in sorted(cuts)), END]
    spans = list(pairwise(edges))
    pieces = panels(bars, events, members_of(bars), SECTORS, spans)
    assert pl.concat(list(pieces)).equals(made(bars, events))


@given(SEEDS, st.integers(20, SESSIONS - 2))
@few
def test_the_future_changes_no_bit_of_the_past(seed: int, at: int) -> None:
    bars, cut = walk(SYMBOLS, START, SESSIONS, seed=seed), START + timedelta(days=at)
    after, drawn = pl.col("session") > cut, walk(SYMBOLS, START, SESSIONS, seed=seed + 1)
    changed = pl.concat([bars.filter(~after), drawn.filter(after, pl.col("symbol") != "S04")])
    later = cut + timedelta(days=1)
    told = pl.concat([split(symbol, later, ratio) for symbol, ratio in (("S00", 2.0), ("S01", None), ("S02", 0.1))])
    moved = SECTORS.with_columns(**{"from": pl.lit(later)}, sector=pl.lit("Z"), known_at=pl.lit(later).cast(pl.Datetime("us", "UTC")))
    past = pl.col("date") <= cut
    whole = made(bars).filter(past)
    members = members_of(changed).filter(past | (pl.col("symbol").hash(1) % 2 == 0))
    mutated = panel(changed, told, members, pl.concat([SECTORS, moved]), START, END).filter(past)
    assert mutated.equals(whole)
    assert made(bars.filter(~after)).equals(whole)


@given(SEEDS, st.integers(1, 40))
@few
def test_windowed_features_do_not_depend_on_where_history_starts(seed: int, dropped: int) -> None:
    bars = walk(SYMBOLS, START, SESSIONS, seed=seed)
    events = pl.concat([split("S02", START + timedelta(days=20), 3.0), split("S02", START + timedelta(days=150), 1.5)])
    later = bars.filter(pl.col("session") >= START + timedelta(days=dropped))
    windowed = [feature.name for feature in FEATURES if feature.by == Fused(Kernel.WINDOWS)]
    full = (pl.col("date") >= START + timedelta(days=dropped + 252)).alias("full")
    whole, part = (made(frame, events).filter(full).select("date", "symbol", *windowed) for frame in (bars, later))
    assert part.equals(whole)
    assert part.height > 0
