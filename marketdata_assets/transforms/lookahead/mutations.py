"""What may happen after a day: each way in which the future can be another one, with everything up to that day left as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from marketdata_assets.transforms.lookahead.inputs import PanelInputs, announced

Change = Callable[[PanelInputs, date, np.random.Generator], PanelInputs]
_PRICES = ("open", "high", "low", "close")
_RATIOS = (2.0, 3.0, 7.0, 0.1, 1.5)
_FOREIGN = "Another Sector"
_NEWCOMERS = ("ZZZNEW1", "ZZZNEW2")


@dataclass(frozen=True)
class Mutation:
    """One way in which the future differs: its name, what it changes, and the change itself."""

    name: str
    meaning: str
    change: Change


def truncated(inputs: PanelInputs, cut: date, _: np.random.Generator) -> PanelInputs:
    """Nothing is known that became known after `cut`; spells that end later are open."""
    return PanelInputs(
        bars=inputs.bars.filter(pl.col("session") <= cut),
        events=inputs.events.filter(announced(inputs.events) <= cut),
        members=_open_spells(inputs.members, cut),
        sectors=inputs.sectors.filter(_not_after("effective_from", cut)),
        listings=_open_spells(inputs.listings, cut),
        revisions=inputs.revisions.filter(pl.col("known_on") <= cut),
    )


def other_prices(inputs: PanelInputs, cut: date, rng: np.random.Generator) -> PanelInputs:
    """Prices after `cut` go elsewhere: each bar by a factor of its own, some by a thousand or a thousandth."""
    later = pl.col("session") > cut
    factor = np.exp(rng.normal(0.0, 0.5, inputs.bars.height))
    wild = rng.random(inputs.bars.height)
    factor = np.where(wild < 0.03, factor * 1000.0, np.where(wild > 0.97, factor / 1000.0, factor))
    scale = pl.Series("__factor", factor)
    moved = inputs.bars.with_columns(scale).with_columns(
        pl.when(later).then(pl.col(name) * pl.col("__factor")).otherwise(name).alias(name) for name in _PRICES
    )
    return replace(inputs, bars=moved.drop("__factor"))


def other_volumes(inputs: PanelInputs, cut: date, rng: np.random.Generator) -> PanelInputs:
    """Volumes after `cut` are others, some zero."""
    factor = np.exp(rng.normal(0.0, 2.0, inputs.bars.height)) * (rng.random(inputs.bars.height) > 0.05)
    volume = pl.when(pl.col("session") > cut).then(pl.col("volume") * pl.Series(factor)).otherwise("volume")
    return replace(inputs, bars=inputs.bars.with_columns(volume.alias("volume")))


def gaps(inputs: PanelInputs, cut: date, rng: np.random.Generator) -> PanelInputs:
    """A third of the bars after `cut` never came, nor did a day for anybody."""
    later = [day for day in inputs.sessions if day > cut]
    lost = rng.choice(np.array(later, dtype=object), size=max(1, len(later) // 6), replace=False).tolist() if later else []
    kept = pl.Series(rng.random(inputs.bars.height) > 1 / 3)
    bars = inputs.bars.filter((pl.col("session") <= cut) | (kept & ~pl.col("session").is_in(lost)))
    return replace(inputs, bars=bars)


def endings(inputs: PanelInputs, cut: date, rng: np.random.Generator) -> PanelInputs:
    """A third of the symbols trade no more after `cut`, and their listing ends some days later."""
    gone = [symbol for symbol in inputs.symbols if rng.random() < 1 / 3]
    stopped = pl.col("symbol").is_in(gone)
    bars = inputs.bars.filter((pl.col("session") <= cut) | ~stopped)
    return replace(inputs, bars=bars, listings=_ended(inputs.listings, cut, stopped, rng))


def newcomers(inputs: PanelInputs, cut: date, rng: np.random.Generator) -> PanelInputs:
    """Symbols that nobody knew begin to trade, are listed and become members after `cut`."""
    days = [day for day in inputs.sessions if day > cut] or [cut + timedelta(days=1)]
    names = list(_NEWCOMERS)
    rows = [
        (name, day, *(float(np.exp(rng.normal(9.0, 2.0))),) * 4, float(np.exp(rng.normal(20.0, 2.0)))) for name in names for day in days
    ]
    bars = pl.DataFrame(rows, schema=["symbol", "session", *_PRICES, "volume"], orient="row")
    spells = pl.DataFrame({"symbol": names, "effective_from": [days[0]] * len(names)})
    map_of_today = pl.DataFrame({"symbol": names, "sector": [_FOREIGN] * len(names), "effective_from": [days[0]] * len(names)})
    return replace(
        inputs,
        bars=_more(inputs.bars, bars, "symbol", "session"),
        members=_more(inputs.members, spells),
        listings=_more(inputs.listings, spells),
        sectors=_more(inputs.sectors, map_of_today),
    )


def other_events(inputs: PanelInputs, cut: date, rng: np.random.Generator) -> PanelInputs:
    """Splits announced after `cut` are others: half are gone, the rest have another ratio, and most symbols have one more."""
    known = announced(inputs.events) <= cut
    held = inputs.events.filter(known)
    later = inputs.events.filter(~known)
    later = later.filter(pl.Series(rng.random(later.height) > 0.5, dtype=pl.Boolean)).with_columns(ratio=pl.col("ratio") * 3.0)
    days = [day for day in inputs.sessions if day > cut]
    named = [symbol for symbol in inputs.symbols if rng.random() < 0.7] if days else []
    drawn = [(name, days[int(rng.integers(len(days)))], float(rng.choice(_RATIOS))) for name in named]
    more = pl.DataFrame(drawn, schema={"symbol": pl.String, "ex_date": pl.Date, "ratio": pl.Float64}, orient="row")
    if "announced_on" in inputs.events.columns:
        more = more.with_columns(announced_on="ex_date")
    if "decided_on" in inputs.events.columns:
        more = more.with_columns(decided_on=pl.lit(None, pl.Date))
    template = inputs.events.drop(more.columns).head(1)
    if template.height:  # a column this module does not know keeps a value that occurs, so that the event is believed
        more = more.join(template, how="cross").select(inputs.events.columns)
    fresh = _more(later, more).unique(["symbol", "ex_date"], keep="first", maintain_order=True)
    return replace(inputs, events=pl.concat([held, fresh.join(held, on=["symbol", "ex_date"], how="anti")]))


def other_members(inputs: PanelInputs, cut: date, rng: np.random.Generator) -> PanelInputs:
    """After `cut` half of the members leave, those who would have left stay, nobody enters who did, and others do."""
    return replace(inputs, members=_other_spells(inputs.members, inputs.symbols, cut, rng))


def other_listings(inputs: PanelInputs, cut: date, rng: np.random.Generator) -> PanelInputs:
    """Listings that end after `cut` do not, half of the open ones do, and none begins when it did."""
    return replace(inputs, listings=_other_spells(inputs.listings, inputs.symbols, cut, rng))


def other_sectors(inputs: PanelInputs, cut: date, rng: np.random.Generator) -> PanelInputs:
    """Sector changes after `cut` never happen, and most symbols change to another sector the day after."""
    held = inputs.sectors.filter(_not_after("effective_from", cut))
    names = [*sorted(held["sector"].drop_nulls().unique().to_list()), _FOREIGN]
    moved = [(symbol, str(rng.choice(names)), cut + timedelta(days=1)) for symbol in inputs.symbols if rng.random() < 0.8]
    more = pl.DataFrame(moved, schema={"symbol": pl.String, "sector": pl.String, "effective_from": pl.Date}, orient="row")
    return replace(inputs, sectors=_more(held, more))


def other_revisions(inputs: PanelInputs, cut: date, rng: np.random.Generator) -> PanelInputs:
    """Corrections that came after `cut` say something else."""
    factor = pl.Series(np.exp(rng.normal(0.0, 0.5, inputs.revisions.height)), dtype=pl.Float64)
    close = pl.when(pl.col("known_on") > cut).then(pl.col("close") * factor).otherwise("close")
    return replace(inputs, revisions=inputs.revisions.with_columns(close.alias("close")))


def everything(inputs: PanelInputs, cut: date, rng: np.random.Generator) -> PanelInputs:
    """All of the changes at once."""
    for mutation in SINGLE:
        inputs = mutation.change(inputs, cut, rng)
    return inputs


NOTHING = Mutation("nothing", "the same inputs again", lambda inputs, _cut, _rng: inputs)
TRUNCATED = Mutation("truncated", "nothing after the day is known", truncated)
SINGLE = (
    Mutation("prices", "other prices after the day", other_prices),
    Mutation("volumes", "other volumes after the day", other_volumes),
    Mutation("events", "other splits after the day", other_events),
    Mutation("gaps", "bars after the day that never came", gaps),
    Mutation("endings", "symbols that stop trading after the day", endings),
    Mutation("newcomers", "symbols that begin after the day", newcomers),
    Mutation("members", "other members after the day", other_members),
    Mutation("listings", "other listings and delistings after the day", other_listings),
    Mutation("sectors", "other sectors after the day", other_sectors),
    Mutation("revisions", "other corrections after the day", other_revisions),
)
EVERYTHING = Mutation("everything", "all of it at once", everything)


def _not_after(column: str, cut: date) -> pl.Expr:
    return pl.col(column).is_null() | (pl.col(column) <= cut)


def _open_spells(spells: pl.DataFrame, cut: date) -> pl.DataFrame:
    end = pl.when(pl.col("effective_to") <= cut).then("effective_to")
    return spells.filter(_not_after("effective_from", cut)).with_columns(end.alias("effective_to"))


def _ended(spells: pl.DataFrame, cut: date, chosen: pl.Expr, rng: np.random.Generator) -> pl.DataFrame:
    day = cut + timedelta(days=int(rng.integers(1, 6)))
    standing = pl.col("effective_to").is_null() | (pl.col("effective_to") > day)
    begun = _not_after("effective_from", cut)
    return spells.with_columns(pl.when(chosen & standing & begun).then(pl.lit(day)).otherwise("effective_to").alias("effective_to"))


def _other_spells(spells: pl.DataFrame, symbols: list[str], cut: date, rng: np.random.Generator) -> pl.DataFrame:
    held = _open_spells(spells, cut)
    leaving = pl.Series(rng.random(held.height) < 0.5, dtype=pl.Boolean)
    day = cut + timedelta(days=int(rng.integers(1, 4)))
    held = held.with_columns(
        pl.when(pl.col("effective_to").is_null() & leaving).then(pl.lit(day)).otherwise("effective_to").alias("effective_to")
    )
    there = set(held.filter(pl.col("effective_to").is_null())["symbol"])
    entering = [symbol for symbol in symbols if symbol not in there and rng.random() < 0.5] if spells.height else []
    return _more(held, pl.DataFrame({"symbol": entering, "effective_from": [day + timedelta(days=1)] * len(entering)}))


def _more(held: pl.DataFrame, rows: pl.DataFrame, *order: str) -> pl.DataFrame:
    if not rows.height:
        return held
    typed = rows.select(pl.col(name).cast(held.schema[name]) for name in held.columns if name in rows.columns)
    whole = pl.concat([held, typed], how="diagonal")
    return whole.sort(order, maintain_order=True) if order else whole
