"""What workspace.yaml loads: works on a fresh clone, and says a mistake in the configuration in one clear sentence."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from dagster import Definitions

from marketdata_assets.core.faults import ConfigFault, SymbolFault


def loaded(config: Path, monkeypatch: pytest.MonkeyPatch) -> Definitions:
    monkeypatch.setenv("MARKETDATA_CONFIG", str(config))
    monkeypatch.delenv("MARKETDATA_LAKE", raising=False)
    found = runpy.run_module("marketdata_assets.definitions")["defs"]
    assert isinstance(found, Definitions)
    return found


def test_a_fresh_clone_with_nothing_landed_has_a_graph_that_validates(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Definitions.validate_loadable(loaded(project / "marketdata.yaml", monkeypatch))


def test_the_users_own_market_has_a_graph_that_validates(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (project / "marketdata.yaml").read_text().replace("market: simulated", "market: real")
    config = tmp_path / "marketdata.yaml"
    config.write_text(text.replace("data/reference/", f"{project}/data/reference/"))
    graph = loaded(config, monkeypatch)
    Definitions.validate_loadable(graph)
    assert not (tmp_path / "data").exists()


def test_an_unknown_key_in_the_configuration_is_a_config_fault_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "marketdata.yaml"
    config.write_text("market: real\nlaek: data\nasset_classes: {}\n")
    with pytest.raises(ConfigFault, match=r"line 2.*'laek' is unknown.*did you mean 'lake'"):
        loaded(config, monkeypatch)


def test_a_symbol_no_instrument_has_is_a_config_fault(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (project / "marketdata.yaml").read_text().replace("market: simulated", "market: real")
    text = text.replace("data/reference/", f"{project}/data/reference/").replace("symbols: all             #", "symbols: [AAPL, ZZZZ9]   #")
    config = tmp_path / "marketdata.yaml"
    config.write_text(text)
    with pytest.raises((ConfigFault, SymbolFault), match="ZZZZ9"):
        loaded(config, monkeypatch)
