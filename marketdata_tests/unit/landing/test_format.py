"""A format is data that checks itself, so that a mistake in marketdata.yaml shows before a file is read."""

from __future__ import annotations

import re

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.names import facts, timeframe_named
from marketdata_assets.sources.landing.presets import PRESETS
from marketdata_tests.unit.landing.packing import only, read

ROW = "timestamp,open,high,low,close,volume\n2024-01-02 10:00:00,1,2,1,1.5,10\n2024-01-02 11:00:00,1,2,1,1.5,10\n"


def test_the_default_format_reads_a_plain_table() -> None:
    series = only(read("BTC-USD.csv", ROW, LandingFormat()))
    assert (series.vendor_symbol, series.timeframe, series.bars.height) == ("BTC-USD", "1h", 2)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"colums": {}}, "Extra inputs are not permitted"),
        ({"columns": {"open": "o"}}, "map at least timestamp and one price"),
        ({"columns": {"timestamp": "t", "volume": "v"}}, "map at least timestamp and one price"),
        ({"columns": {"timestamp": "t", "close": "c", "clsoe": "x"}}, "column clsoe is unknown"),
        ({"timeframe": "1w"}, "timeframe '1w' is unknown"),
        ({"stamp": {"zone": "New York"}}, "zone 'New York' is no IANA time zone"),
        ({"stamp": {"formats": []}}, "give the stamp's `formats`"),
        ({"stamp": {"since": "midnight"}}, "needs its `unit`"),
        ({"stamp": {"since": "midnight", "unit": "ms"}}, "needs a `files` pattern with the group date"),
        ({"files": ["("]}, "file pattern '('"),
        ({"files": ["(?P<ticker>x)"]}, "names the groups ['ticker']"),
        ({"files": [r"(?P<interval>\d+)"]}, "nothing states the symbol"),
        ({"header": False}, "needs `names`"),
        ({"header": False, "names": ["timestamp", "close"]}, "`names` lists no column for open, high, low, volume"),
        ({"delimiter": ", "}, "at most 1 character"),
        ({"price_basis": "adjusted"}, "Input should be"),
        ({"price_divisor": 0}, "greater than 0"),
        ({"preset": "tiingo"}, "preset 'tiingo' is unknown; did you mean 'tiingo_csv'?"),
    ],
)
def test_a_mistake_is_named(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        LandingFormat.model_validate(fields)


def test_a_preset_with_changes_keeps_everything_else() -> None:
    text = "{preset: alphavantage_intraday_csv, tape: iex, stamp: {label: start}, columns: {volume: v}}"
    layout = LandingFormat.model_validate(yaml.safe_load(text))
    preset = PRESETS["alphavantage_intraday_csv"]
    assert (layout.tape, layout.stamp.label, layout.stamp.zone, layout.columns["volume"]) == ("iex", "start", "America/New_York", "v")
    assert layout.files == preset.files
    assert layout.columns["close"] == preset.columns["close"]


def test_a_setting_takes_a_name_a_changed_preset_or_a_mapping() -> None:
    """The shape of `format:` in marketdata.yaml: a text, or whatever LandingFormat reads."""
    setting = TypeAdapter(str | LandingFormat | None)
    assert setting.validate_python("tiingo_csv") == "tiingo_csv"
    assert setting.validate_python({"preset": "tiingo_csv"}) == PRESETS["tiingo_csv"]
    assert setting.validate_python({"columns": {"timestamp": "t", "close": "c"}}) == LandingFormat(columns={"timestamp": "t", "close": "c"})


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"generic"}))
def test_every_preset_is_complete_and_its_example_states_what_it_needs(name: str) -> None:
    preset = PRESETS[name]
    assert preset.name == name
    assert preset.title
    assert preset.trap
    assert preset.asset_class
    assert preset.headers or preset.names
    told = facts(preset, [preset.example])
    assert told.symbol or "symbol" in preset.columns
    assert preset.timeframe or timeframe_named(told.interval)
    assert told.date is not None or preset.stamp.since != "midnight"


def test_presets_survive_json_so_that_a_fingerprint_of_settings_sees_them_whole() -> None:
    for preset in PRESETS.values():
        assert LandingFormat.model_validate_json(preset.model_dump_json()) == preset


@pytest.mark.parametrize(
    ("interval", "name"),
    [
        ("1", "1m"),
        ("5", "5m"),
        ("60min", "1h"),
        ("1440", "1d"),
        ("720", "12h"),
        ("1d", "1d"),
        ("24h", "1d"),
        ("240", "4h"),
        ("15min", "15m"),
    ],
)
def test_intervals_as_vendors_write_them(interval: str, name: str) -> None:
    assert timeframe_named(interval) == name
    assert name in TIMEFRAMES


@pytest.mark.parametrize("interval", [None, "", "1s", "3m", "2h", "1w", "1M", "1mo", "10080", "0", "x", "1.5h"])
def test_other_intervals_are_no_timeframe(interval: str | None) -> None:
    assert timeframe_named(interval) is None
