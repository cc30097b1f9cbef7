"""Several vendors' bars of the same companies: who is chosen, who deviates, and whose basis is not what it promises."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.rules.audit import Audit
from marketdata_assets.schemas.bars import NORMALIZED_BARS, VALIDATED_BARS
from marketdata_assets.transforms.arbitrate import arbitrate
from marketdata_tests.support.vendor_bars import RECEIVED, below, judged, landed, normalized, together

pytestmark = pytest.mark.realdata
PRICES = ("open", "high", "low", "close")


def vendor(realdata: Path, name: str, folder: str, place: str = "csv") -> pl.DataFrame:
    home = realdata / "equity" / folder
    return normalized(landed(home, below(home, place) if not place.endswith(".gz") else [place]), name)


@pytest.fixture(scope="module")
def tiingo(realdata: Path) -> pl.DataFrame:
    return vendor(realdata, "tiingo", "01_tiingo_sp500_raw_adj")


@pytest.fixture(scope="module")
def wiki(realdata: Path) -> pl.DataFrame:
    return vendor(realdata, "wiki", "02_quandl_wiki_raw_split")


@pytest.fixture(scope="module")
def yahoo(realdata: Path) -> pl.DataFrame:
    return vendor(realdata, "yahoo", "03_yahoo_ichart_2017")


@pytest.fixture(scope="module")
def kaggle(realdata: Path) -> pl.DataFrame:
    return vendor(realdata, "kaggle", "08_kaggle_sp500_5yr_adjusted", "sp500_5yr_dev.csv.gz")


@pytest.fixture(scope="module")
def panel(realdata: Path) -> pl.DataFrame:
    """Tiingo's raw panel 2014..2018 of 238 symbols, which comes as Parquet."""
    path = realdata / "equity" / "01_tiingo_sp500_raw_adj" / "panel_2014_2018.parquet"
    told = {"divCash": "dividend", "splitFactor": "split_ratio", "adjClose": "adj_close"}
    stamp = pl.col("date").cast(pl.Date).cast(NORMALIZED_BARS.polars_schema["timestamp"])
    return NORMALIZED_BARS.conform(
        pl.read_parquet(path)
        .rename(told)
        .with_columns(
            timestamp=stamp,
            session=stamp.dt.date(),
            source=pl.lit("tiingo"),
            tape=pl.lit("consolidated"),
            currency=pl.lit("USD"),
            price_basis=pl.lit("raw"),
            volume_basis=pl.lit("raw"),
            known_at=pl.lit(RECEIVED),
            payload_sha256=pl.lit("panel"),
            line=pl.int_range(1, pl.len() + 1),
        )
    )


@pytest.fixture(scope="module")
def three(tiingo: pl.DataFrame, wiki: pl.DataFrame, yahoo: pl.DataFrame) -> Audit:
    return judged(together(tiingo, wiki, yahoo))


def convicted(verdict: Audit, rule: str) -> set[tuple[str, str]]:
    return set(verdict.findings.filter(pl.col("rule") == rule).select("symbol", "source").iter_rows())


def test_the_odd_one_out_of_three_vendors_is_never_chosen_and_the_bar_is_flagged(three: Audit, realdata: Path) -> None:
    """bad_closes.csv: 40 bars on which one of three lies more than 3 % from the two others, which agree within 0.5 %."""
    validated = arbitrate(three.kept, priority=["tiingo", "wiki", "yahoo"], tolerance_bps=50.0)
    VALIDATED_BARS.validate(validated)
    due = pl.read_csv(realdata / "equity" / "01_tiingo_sp500_raw_adj" / "truth" / "bad_closes.csv", try_parse_dates=True)
    met = due.join(validated, left_on=["sym", "date"], right_on=["symbol", "session"], how="left")
    assert met.height == 40
    assert met.filter(pl.col("source") == pl.col("outlier")).height == 0
    assert met["quality_flags"].str.contains("source_deviates").all()
    assert met["n_sources"].to_list() == [3] * 40
    assert met["n_agreeing"].to_list() == [2] * 40
    assert (met["max_deviation_bps"] > 290).all()
    first_sound = pl.when(pl.col("outlier") == "tiingo").then(pl.lit("wiki")).otherwise(pl.lit("tiingo"))
    assert met.filter(pl.col("source") != first_sound).height == 0


def test_the_outlier_s_own_row_is_the_one_that_is_reported(three: Audit, realdata: Path) -> None:
    due = pl.read_csv(realdata / "equity" / "01_tiingo_sp500_raw_adj" / "truth" / "bad_closes.csv", try_parse_dates=True)
    blamed = three.findings.filter(pl.col("rule") == "cross_source_deviation").select("symbol", "source", "period")
    told = due.select("sym", "outlier", pl.col("date").dt.strftime("%Y")).unique()
    assert told.join(blamed, left_on=["sym", "outlier", "date"], right_on=["symbol", "source", "period"], how="anti").height == 0


def test_honest_vendors_are_not_accused_of_another_basis(three: Audit) -> None:
    """Yahoo's volumes are split-adjusted and declared so; spin-offs stand in Tiingo's split column; AAL's split in WIKI's is no split."""
    for rule in ("price_basis_flip", "volume_basis_flip", "shifted_series", "identical_series"):
        assert convicted(three, rule) == set()


def test_adjusted_prices_declared_raw_are_found_for_every_company_that_split(
    panel: pl.DataFrame, kaggle: pl.DataFrame, realdata: Path
) -> None:
    """The split-adjusted five-year file, called raw beside Tiingo's panel; a split needs 20 bars of both before it to be told."""
    promised = kaggle.with_columns(price_basis=pl.lit("raw"), volume_basis=pl.lit("raw"))
    verdict = judged(together(panel, NORMALIZED_BARS.conform(promised)))
    truth = pl.read_csv(
        realdata / "equity" / "08_kaggle_sp500_5yr_adjusted" / "truth" / "already_adjusted_splits.csv", try_parse_dates=True
    )
    bars_before = panel.join(truth, on="symbol").filter(pl.col("session") < pl.col("date")).group_by("symbol").len()
    due = set(bars_before.filter(pl.col("len") >= 20)["symbol"])
    assert convicted(verdict, "price_basis_flip") == {(symbol, "kaggle") for symbol in due}
    assert len(due) == 16
    assert set(verdict.kept.filter(pl.col("symbol").is_in(list(due)))["source"]) == {"tiingo"}


def test_adjusted_prices_beside_their_own_split_column_are_found_without_any_other_source(tiingo: pl.DataFrame) -> None:
    """Tiingo's file with its adjusted close in place of the prices: exactly the companies whose split column names a split."""
    factor = pl.col("adj_close") / pl.col("close")
    adjusted = NORMALIZED_BARS.conform(tiingo.with_columns(*(pl.col(c) * factor for c in PRICES)))
    listed = tiingo.filter((pl.col("split_ratio") >= 1.2) | pl.col("split_ratio").is_between(0, 0.8, closed="right"))
    assert convicted(judged(adjusted), "price_basis_flip") == {(s, "tiingo") for s in listed["symbol"].unique()}


def test_volumes_declared_raw_are_held_to_it(tiingo: pl.DataFrame, yahoo: pl.DataFrame, realdata: Path) -> None:
    """The same Yahoo files declared raw in volume: every company of both sets with a share-count event is found, and no other."""
    promised = NORMALIZED_BARS.conform(yahoo.with_columns(volume_basis=pl.lit("raw")))
    found = convicted(judged(together(tiingo, promised)), "volume_basis_flip")
    truth = pl.read_csv(realdata / "equity" / "03_yahoo_ichart_2017" / "truth" / "corporate_actions.csv", try_parse_dates=True)
    counted = truth.filter(pl.col("kind").is_in(["split", "reverse_split", "merger_exchange"]), (pl.col("ratio").log().abs() > 0.18))
    both = tiingo.select("symbol", "session").join(yahoo.select("symbol", "session"), on=["symbol", "session"])
    before = counted.join(both, on="symbol").filter(pl.col("session") < pl.col("date")).group_by("symbol").len()
    due = set(before.filter(pl.col("len") >= 20)["symbol"])
    assert {symbol for symbol, _ in found} - due == {"KSU"}
    assert due <= {symbol for symbol, _ in found}
    assert {source for _, source in found} == {"yahoo"}


def test_volumes_that_ignore_large_splits_are_found_in_a_file_alone(yahoo: pl.DataFrame) -> None:
    promised = NORMALIZED_BARS.conform(yahoo.with_columns(volume_basis=pl.lit("raw")))
    assert {s for s, _ in convicted(judged(promised), "volume_basis_flip")} == {"AAPL", "C", "EQIX", "KSU", "LH", "MNST"}


def test_adding_a_vendor_changes_no_verdict_on_the_rows_of_another(tiingo: pl.DataFrame, wiki: pl.DataFrame, three: Audit) -> None:
    for name, frame in (("tiingo", tiingo), ("wiki", wiki)):
        alone = judged(frame)
        assert three.kept.filter(pl.col("source") == name).drop("flags", "penalty").equals(alone.kept.drop("flags", "penalty"))
        assert three.quarantine.filter(pl.col("source") == name).equals(alone.quarantine)
