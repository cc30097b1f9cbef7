"""What the user configured: marketdata.yaml and the environment, read here and nowhere else."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.timeframes import TIMEFRAMES, Timeframe
from marketdata_assets.rules.panel.settings import PanelSettings
from marketdata_assets.rules.thresholds import Thresholds
from marketdata_assets.settings_universes import AssetClassName, FundamentalsSettings, IndexSettings, Name, UniverseSettings
from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.presets import PRESETS
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.registry import vendor, vendor_under
from marketdata_assets.sources.source import Source
from marketdata_assets.yaml_marks import line_of, parse_yaml

PROJECT = Path(__file__).resolve().parent.parent
SIMULATED_CONFIG = PROJECT / "data" / "reference" / "simulated.yaml"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AssetClassSettings(_Model):
    """One asset class: which bars of which instruments, from when."""

    calendar: str = Field(description="exchange calendar: XNYS, or 24/7")
    currency: str = Field(description="currency of prices when the instrument names none")
    start: date = Field(description="first date that has a partition")
    timeframes: tuple[str, ...] = Field(description="bar lengths, e.g. [1d, 1h]")
    symbols: Literal["all"] | tuple[str, ...] = Field("all", description="canonical symbols, or all of the instruments file")
    fetch: Literal["every", "auto"] = Field(
        "every", description="every networked source asks for everything, or the cheapest that can serve is chosen for each symbol"
    )

    @model_validator(mode="after")
    def _known_timeframes(self) -> AssetClassSettings:
        for name in self.timeframes:
            if name not in TIMEFRAMES:
                raise ValueError(f"timeframe {name!r} is unknown; use some of {', '.join(TIMEFRAMES)}")
        return self


class SourceSettings(_Model):
    """One source: a landing folder of vendor files, or a vendor that is asked over the network."""

    asset_class: AssetClassName
    landing: Path | None = Field(None, description="folder in which the vendor's files land")
    format: str | LandingFormat | None = Field(None, description="a preset's name or a column map; recognised per file when absent")
    vendor: str | None = Field(None, description="vendor to ask over the network, instead of a landing folder")
    plan: str | None = Field(None, description="the vendor's plan that was bought; its first one when absent")
    base_url: str | None = Field(None, description="where its interface is served, when not at the vendor: a region, a sandbox")
    files_url: str | None = Field(None, description="where the vendor's flat files are served, when not at the vendor")
    options: dict[str, str] = Field({}, description="the vendor's own choices, such as a feed")
    overlap_days: int = Field(5, ge=0, description="days asked for again before the newest ones, to catch restatements")
    monthly_requests: int | None = Field(None, ge=0, description="never more requests than this in a calendar month (UTC)")
    monthly_usd: Decimal | None = Field(None, ge=0, description="never more US dollars than this in a calendar month (UTC)")
    timeframes: tuple[str, ...] = Field(description="bar lengths it brings")
    priority: int = Field(100, ge=0, description="the lower number wins where sources agree")
    tape: str | None = Field(None, description="where the trades were seen, when the format does not know")
    strangers: Literal["refuse", "leave_out"] = Field(
        "refuse", description="a landed file that names symbols nobody configured is refused, or read without them"
    )
    enabled: bool = True
    corporate_actions: bool = Field(True, description="whether a vendor that has corporate actions is asked for them, too")

    @property
    def networked(self) -> bool:
        """Whether it is asked over the network rather than read from a folder."""
        return self.vendor is not None

    @property
    def folder(self) -> Path:
        """The landing folder; `ConfigFault` for a source that has none."""
        if self.landing is None:
            raise ConfigFault("looking for a landing folder", f"{self.vendor} is asked over the network", "name a source with `landing`")
        return self.landing

    def source(self) -> Source:
        """The vendor behind a networked source, what its plan includes first; `ConfigFault` for a landing folder."""
        if self.vendor is None:
            raise ConfigFault("looking for a vendor", f"the source reads the folder {self.landing}", "name a source with `vendor`")
        return vendor_under(self.vendor, self.plan)

    def landing_format(self) -> LandingFormat | None:
        """The configured format, or None when each file is to be recognised."""
        return PRESETS[self.format] if isinstance(self.format, str) else self.format

    @model_validator(mode="after")
    def _one_way_in(self) -> SourceSettings:
        if (self.landing is None) == (self.vendor is None):
            raise ValueError("give either `landing`, a folder of files, or `vendor`, a network interface")
        if self.vendor is not None and self.strangers != "refuse":
            raise ValueError("`strangers` speaks of files in a landing folder; a vendor is asked for the symbols that are configured")
        return self

    @model_validator(mode="after")
    def _known_preset(self) -> SourceSettings:
        if isinstance(self.format, str) and self.format not in PRESETS:
            near = difflib.get_close_matches(self.format, PRESETS, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"landing format {self.format!r} is unknown; {hint}presets are {', '.join(sorted(PRESETS))}")
        return self

    @model_validator(mode="after")
    def _vendor_serves(self) -> SourceSettings:
        if self.vendor is None:
            return self
        try:
            source = vendor(self.vendor)
            source.chosen(self.options, self.plan)
            source.apis_for(self.plan, self.base_url)
        except ConfigFault as fault:
            raise ValueError(f"{fault.found}; {fault.remedy}") from None
        if lacking := [t for t in self.timeframes if source.serving(Data.BARS, self.asset_class, t) is None]:
            there = sorted({t for d in source.datasets if d.asset_class == self.asset_class for t in d.timeframes}) or ["none"]
            raise ValueError(f"{self.vendor} has no {self.asset_class} bars of {', '.join(lacking)}; it has {', '.join(there)}")
        return self


class S3Settings(_Model):
    """How to reach the bucket when the lake is `s3://...`; keys come from the usual AWS chain, never from here."""

    endpoint_url: str | None = None
    region: str | None = None
    server_side_encryption: Literal["AES256", "aws:kms"] | None = None


class RuleSettings(_Model):
    """How the quality rules judge."""

    thresholds: Thresholds = Thresholds()
    agreement_bps: float = Field(50.0, gt=0, description="closes of two sources agree within this many basis points")
    auto_fix: bool = Field(False, description="clamp high and low in validated bars, flagged; raw and normalized keep what came")


class RoutingSettings(_Model):
    """How one source is chosen for each symbol where an asset class says `fetch: auto`."""

    prefer: tuple[Name, ...] = Field((), description="sources that come before cheaper ones, the best first")
    never: tuple[Name, ...] = Field((), description="sources that are never chosen")
    max_delay_minutes: int | None = Field(None, ge=0, description="sources whose bars come later than this after their end are passed over")
    mix_tapes: bool = Field(False, description="one symbol's bars may come from sources that saw different trades")


class Settings(_Model):
    """Everything a run needs to know, with paths made absolute against the folder of marketdata.yaml."""

    market: Literal["simulated", "real"] = "real"
    lake: str = "data/lake"
    state: Path = Field(Path("data/state"), description="folder in which all runs on this machine share the vendors' request budgets")
    s3: S3Settings = S3Settings()
    instruments: Path = Path("data/reference/instruments.csv")
    calendar_overrides: Path = Path("data/reference/calendar_overrides.csv")
    asset_classes: dict[AssetClassName, AssetClassSettings]
    sources: dict[Name, SourceSettings] = {}
    routing: dict[AssetClassName, RoutingSettings] = {}
    rules: RuleSettings = RuleSettings()
    ticker_changes: Path = Path("data/reference/ticker_changes.csv")
    indices: dict[Name, IndexSettings] = {}
    universes: dict[Name, UniverseSettings] = {}
    panels: dict[AssetClassName, PanelSettings] = {}
    fundamentals: FundamentalsSettings | None = None
    config_path: Path = Field(Path("marketdata.yaml"), exclude=True)

    @model_validator(mode="after")
    def _sources_fit(self) -> Settings:
        for name, source in self.sources.items():
            if source.asset_class not in self.asset_classes:
                raise ValueError(f"source {name!r} belongs to asset class {source.asset_class!r}, which is not configured")
            extra = set(source.timeframes) - set(self.asset_classes[source.asset_class].timeframes)
            if extra:
                raise ValueError(f"source {name!r} brings {', '.join(sorted(extra))}, which {source.asset_class} does not list")
        return self

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Settings:
        for asset_class, routing in self.routing.items():
            for name in (*routing.prefer, *routing.never):
                if name not in self.sources or self.sources[name].asset_class != asset_class:
                    raise ValueError(f"routing.{asset_class} names {name!r}, which is no source of {asset_class}")
        return self

    @model_validator(mode="after")
    def _universes_fit(self) -> Settings:
        if both := self.indices.keys() & self.universes.keys():
            raise ValueError(f"{min(both)!r} stands under `indices` and under `universes`; give one of them another name")
        asked = self.fundamentals.source if self.fundamentals else None
        if asked is not None and (asked not in self.sources or self.sources[asked].vendor != self.fundamentals.vendor):  # type: ignore[union-attr]
            raise ValueError(f"fundamentals.source names {asked!r}, which is no networked source of its vendor")
        classes = {name: index.asset_class for name, index in self.indices.items()}
        classes |= {name: universe.asset_class for name, universe in self.universes.items()} | {
            f"panels.{name}": name for name in self.panels
        }
        for name, asset_class in classes.items():
            if asset_class not in self.asset_classes:
                raise ValueError(f"{name!r} belongs to asset class {asset_class!r}, which is not configured")
        return self

    def sources_of(self, asset_class: str, timeframe: str | None = None) -> dict[str, SourceSettings]:
        """Enabled sources of an asset class (and bar length), the preferred one first."""
        found = {
            name: source
            for name, source in self.sources.items()
            if source.enabled and source.asset_class == asset_class and (timeframe is None or timeframe in source.timeframes)
        }
        return dict(sorted(found.items(), key=lambda item: (item[1].priority, item[0])))

    def timeframes_of(self, asset_class: str) -> list[Timeframe]:
        """The bar lengths configured for an asset class."""
        return [TIMEFRAMES[name] for name in self.asset_classes[asset_class].timeframes]  # type: ignore[index]


def load_settings(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of `config`, else of `MARKETDATA_CONFIG`, else of ./marketdata.yaml; `MARKETDATA_LAKE` replaces the lake root.

    With `market: simulated` the simulated market's own lake, instruments and sources stand in for the user's, which are
    checked all the same. `ConfigFault` names file, line, key and remedy; a key nobody knows is refused.
    """
    env = os.environ if environ is None else environ
    path = config or Path(env.get("MARKETDATA_CONFIG") or "marketdata.yaml")
    path = path.absolute()
    settings = _read(path, path.parent)
    if settings.market == "simulated":
        simulated = _read(SIMULATED_CONFIG, path.parent)
        settings = simulated.model_copy(update={"rules": settings.rules, "s3": settings.s3, "config_path": path})
    lake = env.get("MARKETDATA_LAKE")
    if lake:
        settings = settings.model_copy(update={"lake": lake if "://" in lake else str(Path(lake).absolute())})
    return settings


def credentials_of(source: Source, environ: Mapping[str, str] | None = None) -> dict[str, SecretStr]:
    """The secrets of a vendor that the environment holds, by their names in its `Auth`; those that are not set are left out."""
    env = os.environ if environ is None else environ
    return {each.name: SecretStr(env[each.variable]) for each in source.credentials if env.get(each.variable)}


def dagster_home(environ: Mapping[str, str] | None = None) -> Path | None:
    """The folder that `DAGSTER_HOME` names, when it names one."""
    home = (os.environ if environ is None else environ).get("DAGSTER_HOME")
    return Path(home).absolute() if home else None


def _read(path: Path, base: Path) -> Settings:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigFault(
            f"reading the configuration {path.name}",
            f"{error.strerror or error}",
            "run inside the project folder, or point MARKETDATA_CONFIG at your marketdata.yaml",
            path=path,
        ) from None
    values, lines = parse_yaml(text, path.name)
    values["config_path"] = path
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise _mistake(error, path, lines) from None
    return _absolute(settings, base)


def _absolute(settings: Settings, base: Path) -> Settings:
    sources = {
        name: s.model_copy(update={"landing": base / s.landing}) if s.landing is not None else s for name, s in settings.sources.items()
    }
    indices = {
        name: index.model_copy(
            update={"sources": {n: s.model_copy(update={"landing": base / s.landing}) for n, s in index.sources.items()}}
        )
        for name, index in settings.indices.items()
    }
    facts = settings.fundamentals
    if facts is not None and facts.landing is not None:
        facts = facts.model_copy(update={"landing": base / facts.landing})
    return settings.model_copy(
        update={
            "indices": indices,
            "fundamentals": facts,
            "ticker_changes": _reference(base, settings.ticker_changes),
            "lake": settings.lake if "://" in settings.lake else str(base / settings.lake),
            "instruments": _reference(base, settings.instruments),
            "calendar_overrides": _reference(base, settings.calendar_overrides),
            "state": base / settings.state,
            "sources": sources,
        }
    )


def _reference(base: Path, path: Path) -> Path:
    """A reference file beside the configuration, else the one that comes with the project."""
    return base / path if (base / path).exists() or not (PROJECT / path).exists() else PROJECT / path


def _mistake(error: ValidationError, path: Path, lines: dict[tuple[str | int, ...], int]) -> ConfigFault:
    """The mistake that lies deepest in the file (the shape the user meant), as a fault; how many more there are is said with it."""
    first = max(error.errors(), key=lambda each: len([part for part in _yaml_path(each["loc"], lines) if part in _spoken(lines)]))
    loc = _yaml_path(first["loc"], lines)
    line, key = line_of(loc, lines), ".".join(str(part) for part in loc) or "(top)"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    remedy = "correct the value"
    if first["type"] == "extra_forbidden":
        known = _known_keys(loc)
        near = difflib.get_close_matches(str(loc[-1]), known, n=1)
        found = f"the key {key!r} is unknown"
        remedy = f"did you mean {near[0]!r}?" if near else f"known keys here: {', '.join(known) or 'none'}"
    elif first["type"] == "missing":
        found, remedy = f"the key {key!r} is missing", "add it; the commented marketdata.yaml shows an example"
    else:
        found = f"{key}: {first['msg']}"
    return ConfigFault(f"reading {path.name} line {line}", found + more, remedy.rstrip("."), key=key, line=line)


def _yaml_path(loc: tuple[int | str, ...], lines: dict[tuple[str | int, ...], int]) -> tuple[int | str, ...]:
    """A pydantic location without the names of union members, which no reader of the file ever wrote."""
    kept: tuple[int | str, ...] = ()
    for index, part in enumerate(loc):
        if (*kept, part) in lines or index == len(loc) - 1:
            kept = (*kept, part)
    return kept


def _spoken(lines: dict[tuple[str | int, ...], int]) -> set[str | int]:
    return {path[-1] for path in lines}


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    model: Any = Settings
    shapes = {
        "asset_classes": AssetClassSettings,
        "sources": SourceSettings,
        "routing": RoutingSettings,
        "rules": RuleSettings,
        "s3": S3Settings,
    }
    if len(loc) > 1:
        model = shapes.get(str(loc[0]), Settings)
    if "thresholds" in loc[:-1]:
        model = Thresholds
    elif "format" in loc[:-1]:
        model = LandingFormat
    return sorted(name for name in model.model_fields if name != "config_path")
