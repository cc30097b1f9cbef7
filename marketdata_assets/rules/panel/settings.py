"""What a user says about the feature panel of an asset class, under `panels:` in marketdata.yaml."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ALL = "all"


class PanelSettings(BaseModel):
    """The feature panel of one asset class."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    universe: str | tuple[str, ...] = Field(
        ALL,
        description="an index or a universe by rule; `all`: every configured symbol from its first bar on while listed; or a list of them",
    )
    start: date | None = Field(None, description="first year that has a partition; the asset class's own when absent")
    blocking: tuple[Literal["missing", "flat", "outliers"], ...] = Field(
        (), description="gates that keep a panel from being published, beside schema, members and lookahead"
    )
