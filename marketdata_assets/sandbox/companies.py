"""The invented instruments and what happens to them: splits, dividends, a rename, a listing, a delisting, a halt.

Tickers of six letters and more exist on no American exchange, so that simulated numbers cannot be taken for real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from marketdata_assets.core.aliases import Alias
from marketdata_assets.core.instruments import Instrument
from marketdata_assets.core.sectors import SECTORS
from marketdata_assets.sandbox.draws import stream


@dataclass(frozen=True)
class Company:
    """One simulated share: how it starts and moves, and its events at fractions (0..1) of the span's sessions.

    `splits` pairs a place with new shares per old share. `dividend_yield` is a year's, paid quarterly. `until` is the earlier ticker,
    given up at `renamed`. `shock` pairs a place with a factor that the price takes overnight: real, and no split.
    """

    symbol: str
    sector: str
    price: float
    beta: float
    sigma: float
    shares: int
    splits: tuple[tuple[float, float], ...] = ()
    dividend_yield: float = 0.0
    listed: float | None = None
    delisted: float | None = None
    renamed: float | None = None
    until: str | None = None
    halted: float | None = None
    shock: tuple[float, float] | None = None


CAST = (
    Company("ALDERA", "Information Technology", 310.0, 1.25, 0.014, 900_000_000, splits=((0.55, 2.0),)),
    Company("BRAVEN", "Communication Services", 140.0, 1.1, 0.013, 600_000_000),
    Company("CORDEL.B", "Financials", 180.0, 0.9, 0.009, 400_000_000, dividend_yield=0.016),
    Company("DELTOR", "Consumer Discretionary", 24.0, 1.3, 0.017, 800_000_000, splits=((0.70, 0.125),)),
    Company("ELMARK", "Industrials", 96.0, 1.0, 0.011, 350_000_000, renamed=0.5, until="ELMORE"),
    Company("FERNOX", "Energy", 61.0, 0.8, 0.016, 260_000_000, delisted=0.85),
    Company("GALVEN", "Health Care", 132.0, 0.7, 0.012, 300_000_000, splits=((0.85, 3.0),), halted=0.63),
    Company("HELIOX", "Utilities", 74.0, 0.5, 0.008, 420_000_000, dividend_yield=0.034),
    Company("INDRIS", "Materials", 88.0, 1.1, 0.012, 210_000_000),
    Company("JUNARO", "Consumer Staples", 117.0, 0.6, 0.008, 380_000_000, dividend_yield=0.024),
    Company("KELVAN", "Real Estate", 53.0, 0.8, 0.011, 190_000_000, dividend_yield=0.04),
    Company("LUMARO", "Financials", 69.0, 1.2, 0.013, 500_000_000, shock=(0.25, 0.66)),
    Company("MISTRAL", "Information Technology", 205.0, 1.4, 0.018, 240_000_000),
    Company("NORVEX", "Health Care", 38.0, 1.2, 0.020, 150_000_000, listed=0.3),
)
INTRADAY = ("ALDERA", "BRAVEN", "JUNARO", "LUMARO")


@dataclass(frozen=True)
class Coin:
    """One simulated pair that trades round the clock; `rate` is the mean number of trades an hour, below one for a thin pair."""

    symbol: str
    price: float
    sigma: float
    tick: float
    volume: float
    rate: float


_FIRST_CIK = 9_900_000
COINS = (
    Coin("SIMA-USDT", 41_000.0, 0.0050, 0.01, 900.0, 40_000.0),
    Coin("SIMB-USDT", 2_300.0, 0.0065, 0.01, 9_000.0, 15_000.0),
    Coin("SIMC-USDT", 0.84, 0.0120, 0.0001, 30.0, 1.6),
)


def companies(seed: int, extra: int) -> tuple[Company, ...]:
    """The cast and `extra` quiet companies, each the same however many are asked for."""
    return CAST + tuple(_quiet(seed, number) for number in range(1, extra + 1))


def instruments(cast: Sequence[Company], sessions: Sequence[date]) -> list[Instrument]:
    """The instruments file of the simulated market, given the sessions of its span; coins after companies.

    Aliases tell the names that follow no pattern: a company's number at the commission, a coin's id at CoinGecko.
    """
    return [_share(company, sessions, number) for number, company in enumerate(cast, start=1)] + [_coin(coin.symbol) for coin in COINS]


def cik(number: int) -> int:
    """The number at the commission of the company that is listed as the so-manieth; none as high is given out."""
    return _FIRST_CIK + number


def session_at(sessions: Sequence[date], place: float) -> date:
    """The session at a fraction (0..1) of the span."""
    return sessions[min(int(place * len(sessions)), len(sessions) - 1)]


def _coin(symbol: str) -> Instrument:
    base, _, quote = symbol.rpartition("-")
    return Instrument(symbol, "crypto", "CRYPTO", quote, aliases=(Alias("coingecko", base.lower()),))


def _share(company: Company, sessions: Sequence[date], number: int) -> Instrument:
    def day(place: float | None) -> date | None:
        return None if place is None else session_at(sessions, place)

    aliases = (Alias("*", company.until, None, day(company.renamed)),) if company.until else ()
    aliases = (*aliases, Alias("sec", f"CIK{cik(number):010d}"))
    listed_on, delisted_on = day(company.listed), day(company.delisted)
    return Instrument(company.symbol, "us_equities", "XNYS", "USD", company.sector, listed_on, delisted_on, aliases)


def _quiet(seed: int, number: int) -> Company:
    name = f"SIM{number:03d}"
    rng = stream(seed, name, "character")
    return Company(
        name,
        SECTORS[number % len(SECTORS)],
        round(float(rng.uniform(30, 300)), 2),
        round(float(rng.uniform(0.5, 1.4)), 2),
        round(float(rng.uniform(0.008, 0.016)), 4),
        int(rng.integers(100, 900)) * 1_000_000,
        dividend_yield=round(float(rng.choice([0.0, 0.015, 0.03])), 3),
    )
