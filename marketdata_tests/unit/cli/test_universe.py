"""`marketdata universe` and `marketdata delistings`: the members of a day, who came and went, and refusals in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marketdata_assets.cli.app import app
from marketdata_assets.core import clock
from marketdata_assets.pipeline.membership import membership, publish_membership, take_in
from marketdata_tests.support.platforms import opened, write_config

HEADER = "symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases\n"
ROWS = "META,us_equities,XNAS,USD,,,,*:FB@2012-05-18..2022-06-09\nGONE,us_equities,XNYS,USD,,,2023-03-28,\n"


@pytest.fixture
def config(tmp_path: Path) -> list[str]:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing/i.csv").write_text("ticker,start_date,end_date\nFB,2013-12-23,\nGONE,2018-03-19,2023-03-15\nNEW,2023-03-15,\n")
    (tmp_path / "instruments.csv").write_text(HEADER + ROWS)
    write_config(tmp_path, "us_equities", {}, indices={"mine": {"sources": {"lists": {"landing": "landing"}}}})
    platform = opened(tmp_path, discovered=False)
    with clock.frozen(datetime(2024, 1, 2, tzinfo=UTC)):
        take_in(platform, "mine")
        publish_membership(platform, "mine", membership(platform, "mine"), ["2013", "2018", "2023"])
    return ["--config", str(tmp_path / "marketdata.yaml"), "--json"]


def answer(*words: str) -> tuple[int, object]:
    told = CliRunner().invoke(app, list(words))
    return told.exit_code, json.loads(told.stdout)


def test_the_members_of_a_day_under_their_names_of_that_day(config: list[str]) -> None:
    code, rows = answer("universe", "MINE", "2020-06-01", *config)
    assert code == 0
    assert [(row["symbol"], row["ticker"]) for row in rows] == [("GONE", "GONE"), ("META", "FB")]  # type: ignore[attr-defined]


def test_who_came_and_who_went_between_two_days(config: list[str]) -> None:
    _, rows = answer("universe", "mine", "2023-03-15", "--against", "2023-03-14", *config)
    assert [(row["symbol"], row["change"]) for row in rows] == [("NEW", "entered"), ("GONE", "left")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("universe", "SP600"), "`indices` and `universes` have MINE"),
        (("universe", "mine", "2010-01-04"), "nothing is known of that day"),
        (("universe", "mine", "2020-06-01", "--as-of", "2023-12-31"), "nothing is known of that day"),
    ],
)
def test_what_is_not_known_is_refused_and_never_guessed(config: list[str], words: tuple[str, ...], said: str) -> None:
    code, told = answer(*words, *config)
    assert code == 2
    assert said in json.dumps(told)


def test_a_delisting_is_told_with_what_is_known_of_it(config: list[str]) -> None:
    _, rows = answer("delistings", "--start", "2023", "--end", "2024", *config)
    assert rows == [
        {"symbol": "GONE", "delisted_on": "2023-03-28", "reason": "", "source": "instruments", "last_session": None, "last_price": None}
    ]
