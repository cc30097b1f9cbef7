"""Folding, normalizing and choosing, whatever the order in which things arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from marketdata_assets.schemas.bars import RAW_BARS, VALIDATED_BARS
from marketdata_assets.transforms.arbitrate import arbitrate
from marketdata_assets.transforms.normalize import normalize
from marketdata_assets.transforms.restate import restatements
from marketdata_tests.support.bar_frames import bars, raw, weekday_sessions

START = datetime(2024, 1, 2, tzinfo=UTC)
SESSIONS = weekday_sessions(START.date(), (START + timedelta(days=30)).date())
CLOSES = st.sampled_from([10.0, 11.0, 12.0, None])
PAYLOADS = st.lists(
    st.lists(st.tuples(st.sampled_from(["AAA", "BBB"]), st.integers(0, 3), CLOSES), min_size=1, max_size=6), min_size=1, max_size=5
)


def payload(hour: int, rows: list[tuple[str, int, float | None]]) -> pl.DataFrame:
    """One payload received at an hour of its own; it may say a bar twice, alike or not."""
    return raw(
        *({"symbol": s, "timestamp": START + timedelta(days=day), "close": close} for s, day, close in rows),
        known_at=START + timedelta(days=30, hours=hour),
        payload_sha256=f"{hour:x}" * 64,
    )


def payloads(told: list[list[tuple[str, int, float | None]]]) -> list[pl.DataFrame]:
    return [payload(hour, rows) for hour, rows in enumerate(told)]


def folded(frames: list[pl.DataFrame]) -> pl.DataFrame:
    known = RAW_BARS.empty()
    for frame in frames:
        known = restatements(known, frame)
    return known


@given(PAYLOADS)
@settings(max_examples=60, deadline=None)
def test_payloads_folded_one_by_one_equal_all_of_them_at_once(told: list[list[tuple[str, int, float | None]]]) -> None:
    frames = payloads(told)
    assert folded(frames).equals(restatements(RAW_BARS.empty(), pl.concat(frames)))


@given(PAYLOADS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_a_fold_over_all_payloads_does_not_know_their_order_nor_what_was_folded_before(told, random) -> None:
    frames = payloads(told)
    shuffled = frames.copy()
    random.shuffle(shuffled)
    everything = pl.concat(shuffled)
    assert restatements(folded(shuffled), everything).equals(folded(frames))


@given(PAYLOADS)
@settings(max_examples=60, deadline=None)
def test_two_payloads_fold_alike_in_either_order(told: list[list[tuple[str, int, float | None]]]) -> None:
    for one, other in pairwise(payloads(told)):
        assert folded([one, other]).equals(folded([other, one]))


@given(PAYLOADS)
@settings(max_examples=60, deadline=None)
def test_folding_again_what_is_known_adds_nothing(told: list[list[tuple[str, int, float | None]]]) -> None:
    frames = payloads(told)
    known = folded(frames)
    assert restatements(known, frames[-1]).equals(known)
    assert restatements(known, known).equals(known)


@given(PAYLOADS, st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_what_was_known_then_is_what_had_arrived_by_then(told: list[list[tuple[str, int, float | None]]], hour: int) -> None:
    frames = payloads(told)
    as_of = START + timedelta(days=30, hours=hour)
    then = normalize(folded(frames), source="alpha", currency="USD", sessions=SESSIONS, intraday=False, as_of=as_of)
    early = normalize(folded(frames[: hour + 1]), source="alpha", currency="USD", sessions=SESSIONS, intraday=False)
    assert then.bars.equals(early.bars)
    assert then.merged_duplicates.equals(early.merged_duplicates)


@given(PAYLOADS)
@settings(max_examples=60, deadline=None)
def test_merged_duplicates_and_bars_add_up_to_the_newest_rows(told: list[list[tuple[str, int, float | None]]]) -> None:
    known = folded(payloads(told))
    result = normalize(known, source="alpha", currency="USD", sessions=SESSIONS, intraday=False)
    newest = known.filter(pl.col("known_at") == pl.col("known_at").max().over("symbol", "timestamp"))
    assert result.bars.height + result.merged_duplicates["n"].sum() == newest.height
    assert result.bars.select("symbol", "timestamp").unique().height == known.select("symbol", "timestamp").unique().height


OFFERS = st.lists(
    st.tuples(st.sampled_from(["alpha", "beta", "gamma", "delta"]), st.sampled_from([100.0, 100.1, 103.0, 97.0])),
    min_size=1,
    max_size=4,
    unique_by=lambda offer: offer[0],
)


@given(OFFERS, st.permutations(["alpha", "beta", "gamma"]))
@settings(max_examples=120, deadline=None)
def test_the_chosen_source_is_the_first_that_half_of_the_others_support(offers, priority) -> None:
    kept = bars(*({"source": s, "close": c} for s, c in offers), timestamp=START).with_columns(
        flags=pl.lit([], pl.List(pl.String)), penalty=0.0
    )
    bar = VALIDATED_BARS.validate(arbitrate(kept, priority=priority, tolerance_bps=50.0)).row(0, named=True)
    ranked = sorted(offers, key=lambda o: (priority.index(o[0]) if o[0] in priority else 9, o[0]))
    support = {s: sum(abs(c - d) <= 0.005 * (c + d) / 2 for t, d in offers if t != s) for s, c in offers}
    accepted = [s for s, _ in ranked if support[s] * 2 >= len(offers) - 1]
    expected = accepted[0] if accepted else ranked[0][0]
    assert (bar["source"], bar["n_sources"], bar["n_agreeing"]) == (expected, len(offers), support[expected] + 1)
    flag = "" if support[expected] == len(offers) - 1 else "source_deviates" if accepted else "sources_disagree"
    assert bar["quality_flags"] == flag
