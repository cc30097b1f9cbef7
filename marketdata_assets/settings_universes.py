"""What the user configured about indices, universes and reported figures: the sections of the same names in marketdata.yaml."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

AssetClassName = Literal["us_equities", "crypto"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IndexSourceSettings(_Section):
    """One source of an index's membership: a folder of dated files."""

    landing: Path = Field(description="folder in which the source's files land")
    format: Literal["intervals", "changes", "snapshots", "snapshot_runs", "yearly"] | None = Field(
        None, description="how its files are laid out; recognised per file when absent"
    )
    priority: int = Field(100, ge=0, description="the lower number is believed on the days of which both speak")
    until: date | None = Field(None, description="first day of which it does not speak any more; absent: it is kept up to date")
    tickers: Literal["later", "listed"] = Field(
        "later", description="listed: tickers as they were on the exchange at the time; later: it may write later ones for the past"
    )


class IndexSettings(_Section):
    """One index whose membership is kept."""

    asset_class: AssetClassName = "us_equities"
    start: date = Field(date(1990, 1, 1), description="first date that has a partition")
    members: int | None = Field(None, gt=0, description="how many members it has when nothing is missing")
    tolerance: float = Field(0.05, ge=0, lt=1, description="share of `members` by which a day's count may be off")
    sources: dict[Name, IndexSourceSettings] = Field(min_length=1)

    def ranked(self) -> dict[str, IndexSourceSettings]:
        """The sources, the most trusted one first."""
        return dict(sorted(self.sources.items(), key=lambda item: (item[1].priority, item[0])))


class UniverseSettings(_Section):
    """A universe by rule: the most traded symbols, chosen anew on fixed dates from what had happened by the day before."""

    asset_class: AssetClassName = "us_equities"
    top: int = Field(gt=0, description="how many symbols")
    window: int = Field(63, gt=0, description="sessions before the date over which dollar volume is averaged")
    min_price: float = Field(0.0, ge=0, description="the last close before the date is at least this, as traded")
    listed_days: int = Field(0, ge=0, description="calendar days since listing, or since the first bar where the listing is not known")
    rebalance: Literal["monthly", "quarterly", "yearly"] = Field("monthly", description="first session of each such period")


class FundamentalsSettings(_Section):
    """Reported figures: which vendor's files, from a folder, over the network, or both."""

    asset_class: AssetClassName = "us_equities"
    vendor: str = Field(description="vendor whose readers know the files")
    landing: Path | None = Field(None, description="folder in which its files of facts and filings land")
    source: Name | None = Field(None, description="networked source that is asked for the same; absent: only the folder is read")
    start: date = Field(date(2009, 1, 1), description="first filing date that has a partition")
    acceptance: Literal["later", "utc", "new_york"] = Field(
        "later", description="what the clock of acceptance times means; later: whichever of the two is later, which is never too early"
    )
