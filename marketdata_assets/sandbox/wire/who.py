"""What reference interfaces say of the invented companies: names, numbers and trades that exist nowhere."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from marketdata_assets.core.instruments import Instrument
from marketdata_assets.sandbox.companies import cik
from marketdata_assets.sandbox.market import Market

_TRADES = {
    "Information Technology": ("3571", "Electronic Computers"),
    "Communication Services": ("4813", "Telephone Communications (No Radiotelephone)"),
    "Financials": ("6022", "State Commercial Banks"),
    "Consumer Discretionary": ("5651", "Retail-Family Clothing Stores"),
    "Industrials": ("3559", "Special Industry Machinery, NEC"),
    "Energy": ("1311", "Crude Petroleum & Natural Gas"),
    "Health Care": ("2834", "Pharmaceutical Preparations"),
    "Utilities": ("4911", "Electric Services"),
    "Materials": ("2810", "Industrial Inorganic Chemicals"),
    "Consumer Staples": ("2000", "Food and Kindred Products"),
    "Real Estate": ("6798", "Real Estate Investment Trusts"),
}
LISTED = date(1999, 1, 4)


class Who(NamedTuple):
    """One company as vendors describe it. `former` is the ticker given up on `renamed`; `number` its place in the market, from 1."""

    symbol: str
    name: str
    former: str | None
    renamed: date | None
    listed: date
    delisted: date | None
    sector: str
    sic: str
    trade: str
    number: int

    @property
    def cik(self) -> int:
        """Its number at the commission; none as high is given out."""
        return cik(self.number)

    @property
    def figi(self) -> str:
        """Twelve characters in the place of an identifier."""
        return f"BBG00SIM{self.number:04d}"

    @property
    def cusip(self) -> str:
        """Nine characters in the place of an identifier."""
        return f"SIM{self.number:05d}0"

    def active(self, on: date) -> bool:
        """Whether it is listed on a day."""
        return self.listed <= on and (self.delisted is None or on < self.delisted)

    def ticker(self, on: date) -> str:
        """The ticker it trades under on a day."""
        return self.former if self.former and self.renamed and on < self.renamed else self.symbol


def everybody(market: Market) -> list[Who]:
    """The companies of the market, by symbol."""
    shares = [one for one in market.instruments if one.asset_class == "us_equities"]
    return sorted((_who(one, number) for number, one in enumerate(shares, start=1)), key=lambda who: who.symbol)


def _who(one: Instrument, number: int) -> Who:
    gone = next((alias for alias in one.aliases if alias.end), None)
    root, _, share = one.symbol.partition(".")
    sic, trade = _TRADES[one.sector or "Industrials"]
    return Who(
        symbol=one.symbol,
        name=f"{root.title()} Inc." + (f" Class {share}" if share else ""),
        former=gone.spelling if gone else None,
        renamed=gone.end if gone else None,
        listed=one.listed_on or LISTED,
        delisted=one.delisted_on,
        sector=one.sector or "Industrials",
        sic=sic,
        trade=trade,
        number=number,
    )
