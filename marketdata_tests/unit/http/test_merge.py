from __future__ import annotations

import itertools
import random

import polars as pl

from marketdata_assets.sources.merge import merge_pages

KEY, FROM = ("symbol", "timestamp"), ("payload_sha256", "line")


def page(sha: str, *bars: tuple[str, int, float | None]) -> pl.DataFrame:
    schema = {"symbol": pl.String, "timestamp": pl.Int64, "close": pl.Float64, "payload_sha256": pl.String, "line": pl.Int64}
    return pl.DataFrame([(s, t, c, sha, n) for n, (s, t, c) in enumerate(bars)], schema=schema, orient="row")


def test_overlapping_and_unordered_pages_make_one_sorted_table() -> None:
    bars = [("A", t, float(t)) for t in range(9)]
    pages = [page("3", *bars[6:]), page("1", *bars[:4]), page("2", *bars[3:7])]
    for order in itertools.permutations(pages):
        merged = merge_pages(order, KEY, FROM)
        assert merged.rows.select("symbol", "timestamp", "close").rows() == bars
        assert merged.conflicts.is_empty()


def test_pages_equal_one_big_page() -> None:
    bars = [("A" if n % 2 else "B", n // 2, float(n)) for n in range(40)]
    cuts = sorted(random.Random(1).sample(range(1, 40), 5))
    pages = [page("x", *bars[a:b]) for a, b in itertools.pairwise([0, *cuts, 40])]
    whole = merge_pages([page("x", *bars)], KEY, FROM).rows.drop(FROM)
    assert merge_pages([*pages, pages[2]], KEY, FROM).rows.drop(FROM).equals(whole)


def test_versions_that_contradict_each_other_are_set_aside_whole() -> None:
    merged = merge_pages([page("1", ("A", 1, 10.0), ("A", 2, 20.0)), page("2", ("A", 2, 21.0), ("A", 3, 30.0))], KEY, FROM)
    assert merged.rows["timestamp"].to_list() == [1, 3]
    assert merged.conflicts.select("timestamp", "close", "payload_sha256").rows() == [(2, 20.0, "1"), (2, 21.0, "2")]


def test_missing_and_not_a_number_equal_themselves_and_the_first_payload_stays() -> None:
    nothing, nan = ("A", 1, None), ("A", 2, float("nan"))
    merged = merge_pages([page("1", nothing, nan), page("2", nothing, nan)], KEY, FROM)
    assert merged.rows["payload_sha256"].to_list() == ["1", "1"]
    assert merged.conflicts.is_empty()


def test_no_pages_and_empty_pages_make_an_empty_table() -> None:
    assert merge_pages([], KEY).rows.is_empty()
    assert merge_pages([page("1"), page("2")], KEY, FROM).rows.columns == ["symbol", "timestamp", "close", "payload_sha256", "line"]
