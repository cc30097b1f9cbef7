"""What a source is: the description of one vendor as this platform uses it, before any of its files or answers are read."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.sources.landing.format import LandingFormat


class Source(BaseModel):
    """One vendor for one asset class. Its name is part of table paths, so it is a plain word."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="name in table paths and in the `source` column")
    asset_class: Literal["us_equities", "crypto"] = Field(description="asset class of everything it delivers")
    kind: Literal["landing"] = Field("landing", description="how its data arrive: files that land in a folder")
    format: LandingFormat | None = Field(None, description="layout of its files; None: each file is recognised by itself")
    priority: int = Field(100, ge=0, description="the lower number wins where sources agree")
    tape: str | None = Field(None, description="where its trades were seen, when the format does not know")
    licence: str = Field("", description="under what terms the data may be used, in words")

    @property
    def promised_basis(self) -> PriceBasis | None:
        """What its prices are said to be adjusted for; None while the format is recognised file by file."""
        return self.format.price_basis if self.format else None
