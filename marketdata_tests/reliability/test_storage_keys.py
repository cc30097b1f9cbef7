"""A11 and D1: names that prefix each other, differ in case or Unicode form, or try to leave the root."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.faults import Fault
from marketdata_assets.core.symbols import is_canonical
from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_assets.lake.layout import PartitionKey, key_of, path_of
from marketdata_tests.support.lake_samples import PATH, READINGS, readings, rectangle

SEEDS = ["../../x", "/abs", "a\0b", "%2e%2e", "BTC/USD", "AAPL", "BRK.B", "CON", "..", "2024", "x" * 300, "A\n"]
SEEDS += ["Å", "\u202eAAPL", "ＡＡＰＬ", "ﬁ"]
ALPHABET = "ABYZ019.-./\\\0%~ aé\u0301Ａ📈\n:*?|"


def fuzzed(draw: random.Random) -> str:
    """A hostile or nearly innocent name."""
    if draw.random() < 0.5:
        return "".join(draw.choices(ALPHABET, k=draw.randrange(12)))
    text = list(draw.choice(SEEDS))
    text.insert(draw.randrange(len(text) + 1), draw.choice(ALPHABET))
    return unicodedata.normalize(draw.choice(["NFC", "NFD", "NFKC"]), "".join(text))


def fuzz(times: int) -> None:
    draw, paths = random.Random(times), dict[str, tuple[str, str]]()
    accepted = 0
    for _ in range(times):
        key = PartitionKey(draw.choice(["2024", "2024-01", fuzzed(draw)]), fuzzed(draw))
        try:
            path = path_of(PATH, key)
        except Fault:
            continue
        accepted += 1
        assert is_canonical(key.symbol or "")
        assert path.isascii()
        assert Path("/root", path).resolve().is_relative_to(f"/root/{PATH}")
        assert key_of(path) == (PATH, key)
        assert paths.setdefault(path.casefold(), key) == key
    assert 0 < accepted < times


def test_of_thousands_of_hostile_names_none_leaves_the_root_and_no_two_share_a_file() -> None:
    fuzz(5_000)


@pytest.mark.full
def test_of_a_hundred_thousand_hostile_names_none_leaves_the_root_and_no_two_share_a_file() -> None:
    fuzz(100_000)


def test_hostile_names_write_nothing_at_all(tmp_path: Path) -> None:
    draw, lake = random.Random(1), open_lake(str(tmp_path / "deep" / "lake"))
    names = [name for name in (fuzzed(draw) for _ in range(60)) if not is_canonical(name)]
    for name in [*SEEDS, *names]:
        if not is_canonical(name):
            with pytest.raises(Fault):
                lake.publish(PATH, READINGS, {PartitionKey("2024", name): readings("2024", name)})
        with pytest.raises(Fault):
            lake.publish(f"a/{name}/../b", READINGS, {PartitionKey("2024", "AAPL"): readings("2024", "AAPL")})
    assert list(tmp_path.rglob("*")) == []


def test_a_table_a_source_and_a_partition_whose_names_prefix_each_other_stay_apart(lake: Lake) -> None:
    paths = ["a/b", "a/b_1d", "a/b/c", "a/b/c_2", "ab/b"]
    for version, path in enumerate(paths):
        lake.publish(path, READINGS, rectangle(["2024"], ["A", "AA"], n=1, version=version))
        lake.publish(path, READINGS, {PartitionKey("2024"): READINGS.empty(), PartitionKey("2023"): readings("2023", "A", 1, version)})
        lake.publish(path, READINGS, {PartitionKey(None): readings("2022", "A", 1, version)})
    assert lake.tables() == sorted(paths)
    for version, path in enumerate(paths):
        assert lake.partitions(path) == [(None, None), ("2023", None), ("2024", "A"), ("2024", "AA")]
        rows = lake.scan(path, READINGS).collect()
        assert rows.select(pl.col("version").unique()).to_series().to_list() == [version]
        assert rows.height == 4
