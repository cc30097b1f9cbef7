"""marketdata.yaml: what it may say, and how a mistake in it is answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.settings import PROJECT, load_settings

GOOD = """\
market: real
lake: data/lake
asset_classes:
  us_equities:
    calendar: XNYS
    currency: USD
    start: 2020-01-01
    timeframes: [1d]
sources:
  tiingo:
    asset_class: us_equities
    landing: landing/tiingo
    format: tiingo_csv
    timeframes: [1d]
    priority: 10
  second:
    asset_class: us_equities
    landing: landing/second
    timeframes: [1d]
    priority: 5
"""


def config(folder: Path, text: str) -> Path:
    path = folder / "marketdata.yaml"
    path.write_text(text)
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigFault) as caught:
        load_settings(config(folder, text), {})
    return str(caught.value)


def test_paths_are_taken_from_the_folder_of_the_file(tmp_path: Path) -> None:
    settings = load_settings(config(tmp_path, GOOD), {})
    assert settings.lake == str(tmp_path / "data/lake")
    assert settings.sources["tiingo"].landing == tmp_path / "landing/tiingo"


def test_sources_come_in_the_order_of_their_priority(tmp_path: Path) -> None:
    assert list(load_settings(config(tmp_path, GOOD), {}).sources_of("us_equities", "1d")) == ["second", "tiingo"]


def test_a_disabled_source_is_not_among_them(tmp_path: Path) -> None:
    text = GOOD.replace("    priority: 5\n", "    priority: 5\n    enabled: false\n")
    assert list(load_settings(config(tmp_path, text), {}).sources_of("us_equities")) == ["tiingo"]


def test_the_environment_names_the_file_and_the_lake(tmp_path: Path) -> None:
    path = config(tmp_path, GOOD)
    settings = load_settings(None, {"MARKETDATA_CONFIG": str(path), "MARKETDATA_LAKE": "s3://bucket/prefix"})
    assert settings.lake == "s3://bucket/prefix"
    assert settings.config_path == path


def test_an_unknown_key_is_refused_with_its_line_and_the_nearest_known_one(tmp_path: Path) -> None:
    said = refusal(tmp_path, GOOD.replace("    priority: 10\n", "    prioritty: 10\n"))
    assert "line 15" in said
    assert "sources.tiingo.prioritty" in said
    assert "did you mean 'priority'" in said


def test_an_unknown_key_at_the_top_is_refused_too(tmp_path: Path) -> None:
    assert "did you mean 'sources'" in refusal(tmp_path, GOOD.replace("sources:", "source:"))


def test_an_unknown_preset_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    said = refusal(tmp_path, GOOD.replace("tiingo_csv", "tingo_csv"))
    assert "did you mean 'tiingo_csv'" in said
    assert "line 10" in said or "line 13" in said


def test_a_bad_value_is_refused_with_its_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, GOOD.replace("2020-01-01", "yesterday"))
    assert "line 7" in said
    assert "asset_classes.us_equities.start" in said


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, GOOD.replace("    calendar: XNYS\n", ""))
    assert "asset_classes.us_equities.calendar" in said
    assert "missing" in said


def test_a_key_said_twice_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, GOOD + "lake: elsewhere\n")
    assert "'lake' stands twice" in said
    assert "line 2" in said


def test_broken_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    assert "not valid yaml" in refusal(tmp_path, GOOD.replace("timeframes: [1d]", "timeframes: [1d", 1))


def test_a_timeframe_of_a_source_that_its_class_lacks_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, GOOD.replace("    timeframes: [1d]\n    priority: 5", "    timeframes: [1h]\n    priority: 5"))
    assert "source 'second' brings 1h" in said


def test_a_file_that_is_not_there_says_where_to_point(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="MARKETDATA_CONFIG"):
        load_settings(tmp_path / "nowhere.yaml", {})


def test_a_column_map_of_the_users_own_is_a_format(tmp_path: Path) -> None:
    own = "    format:\n      columns: {timestamp: Day, open: O, high: H, low: L, close: C, volume: V}\n      symbol: ACME\n"
    settings = load_settings(config(tmp_path, GOOD.replace("    format: tiingo_csv\n", own)), {})
    layout = settings.sources["tiingo"].landing_format()
    assert layout is not None
    assert layout.symbol == "ACME"


def test_a_mistake_inside_a_column_map_points_at_its_key(tmp_path: Path) -> None:
    own = "    format:\n      columns: {timestamp: Day, close: C}\n      symbool: ACME\n"
    said = refusal(tmp_path, GOOD.replace("    format: tiingo_csv\n", own))
    assert "symbool" in said
    assert "did you mean 'symbol'" in said


def test_the_committed_configuration_is_the_simulated_market(project: Path) -> None:
    settings = load_settings(project / "marketdata.yaml", {})
    assert settings.market == "simulated"
    assert "simulated" in settings.lake
    assert all(source.tape == "simulated" for source in settings.sources.values())


def test_the_committed_configuration_of_the_real_market_is_read_and_checked_too(project: Path, tmp_path: Path) -> None:
    text = (project / "marketdata.yaml").read_text().replace("market: simulated", "market: real")
    settings = load_settings(config(tmp_path, text), {})
    assert settings.market == "real"
    assert set(settings.asset_classes) == {"us_equities", "crypto"}
    assert settings.instruments == PROJECT / "data/reference/instruments.csv"


def test_a_mistake_in_the_real_part_is_found_while_the_market_is_simulated(project: Path, tmp_path: Path) -> None:
    text = (project / "marketdata.yaml").read_text().replace("agreement_bps: 50", "agrement_bps: 50")
    assert "did you mean 'agreement_bps'" in refusal(tmp_path, text)


def test_routing_rules_are_read_and_a_source_that_they_misname_is_refused(tmp_path: Path) -> None:
    rules = "routing:\n  us_equities: {prefer: [second], never: [tiingo], max_delay_minutes: 20}\n"
    routing = load_settings(config(tmp_path, GOOD + rules), {}).routing["us_equities"]
    assert (routing.prefer, routing.never, routing.max_delay_minutes, routing.mix_tapes) == (("second",), ("tiingo",), 20, False)
    with pytest.raises(ConfigFault, match=r"routing.us_equities names 'tingo', which is no source of us_equities"):
        load_settings(config(tmp_path, GOOD + rules.replace("[tiingo]", "[tingo]")), {})


def test_a_misspelt_routing_rule_is_answered_with_the_right_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="did you mean 'prefer'"):
        load_settings(config(tmp_path, GOOD + "routing:\n  us_equities: {prefers: [second]}\n"), {})
