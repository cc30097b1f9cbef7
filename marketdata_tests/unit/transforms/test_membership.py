"""Spells of membership from what sources state: exact dates, snapshots, renames, priorities, and no word of the future."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.aliases import Alias
from marketdata_assets.core.instruments import Instruments, parse_instruments
from marketdata_assets.core.sessions import calendar
from marketdata_assets.sources.membership.read import read_membership
from marketdata_assets.transforms.membership import evidence_frame, membership_frame, on_sessions, reconciled
from marketdata_assets.transforms.membership_checks import announced_changes, bar_coverage, member_counts, off_count, outside_life, turnover
from marketdata_assets.transforms.membership_names import Names, TickerChange, parse_ticker_changes
from marketdata_assets.transforms.membership_spells import SourceSpells, named, source_spells

KNOWN = datetime(2025, 1, 1, tzinfo=UTC)
SESSIONS = calendar("XNYS").sessions(date(2015, 1, 1), date(2026, 1, 1))["session"].to_list()
HEADER = "symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases\n"
RENAMED = parse_instruments(HEADER + "NEW,us_equities,XNYS,USD,,,,*:OLD@2016-01-01..2022-06-09\n", "test")


def source(*files: tuple[str, str], instruments: Instruments = RENAMED, changes: tuple[TickerChange, ...] = ()) -> SourceSpells:
    parts = [
        read_membership(path, text.encode()).rows.with_columns(
            pl.lit(KNOWN + timedelta(days=at)).cast(pl.Datetime("us", "UTC")).alias("known_at"), pl.lit(f"{at:03}").alias("payload_sha256")
        )
        for at, (path, text) in enumerate(files)
    ]
    stated = pl.concat(parts)
    names = Names(instruments, changes, "lists", "us_equities")
    return on_sessions(source_spells(named(stated, names.frame(stated["spelling"].to_list()))), SESSIONS)


def spells(found: SourceSpells) -> list[tuple[str, str, str | None]]:
    return [(s.symbol, str(s.start), str(s.end) if s.end else None) for s in found.spells]


def snapshots(days: dict[str, str]) -> SourceSpells:
    return source(
        *((f"members_{day}.csv", "Symbol,Name\n" + "".join(f"{t},{t} Inc\n" for t in names.split())) for day, names in days.items())
    )


def test_an_interval_across_a_rename_is_one_spell_of_one_instrument() -> None:
    found = source(("a.csv", "ticker,start_date,end_date\nOLD,2018-03-05,2022-06-09\nNEW,2022-06-09,\nX,2018-03-05,2019-03-04\n"))
    assert spells(found) == [("NEW", "2018-03-05", None), ("X", "2018-03-05", "2019-03-04")]


def test_a_day_without_a_session_is_the_next_open() -> None:
    found = source(("a.csv", "ticker,start_date,end_date\nX,2023-06-10,2023-12-25\n"))
    assert spells(found) == [("X", "2023-06-12", "2023-12-26")]


def test_a_later_ticker_written_for_the_past_means_the_same_instrument_and_a_lagging_one_too() -> None:
    found = source(("a.csv", "ticker,start_date,end_date\nOLD,2015-02-02,2022-06-20\n"))
    assert spells(found) == [("NEW", "2015-02-02", "2022-06-21")]
    assert spells(source(("a.csv", "ticker,start_date,end_date\nOLD,2023-02-01,\n"))) == [("OLD", "2023-02-01", None)]


def test_a_newer_file_of_intervals_replaces_an_older_one_and_keeps_when_a_fact_was_first_told() -> None:
    first, second = "X,2018-03-05,\nY,2018-03-05,2020-01-02\n", "X,2018-03-05,2021-03-01\n"
    found = source(("a.csv", "ticker,start_date,end_date\n" + first), ("b.csv", "ticker,start_date,end_date\n" + second))
    assert spells(found) == [("X", "2018-03-05", "2021-03-01")]
    (x,) = found.spells
    assert (x.entry.known_at, x.exit and x.exit.known_at) == (KNOWN, KNOWN + timedelta(days=1))


def test_a_year_of_yaml_replays_its_unions_and_differences_and_on_is_a_ticker() -> None:
    text = "year: 2020\ntickers_on_Jan_1: [A, ON, B]\nchanges:\n  '2020-04-20':\n    difference: [A]\n    union: [NO]\n"
    assert spells(source(("n-2020.yaml", text))) == [
        ("A", "2020-01-02", "2020-04-20"),
        ("B", "2020-01-02", None),
        ("NO", "2020-04-20", None),
        ("ON", "2020-01-02", None),
    ]


def test_whoever_is_missing_on_the_first_of_january_left_then() -> None:
    files = [(f"n-{year}.yaml", f"year: {year}\ntickers_on_Jan_1: [{names}]\n") for year, names in ((2020, "A, B"), (2021, "A, C"))]
    assert spells(source(*files)) == [("A", "2020-01-02", None), ("B", "2020-01-02", "2021-01-04"), ("C", "2021-01-04", None)]


def test_an_edit_that_the_next_day_takes_back_is_no_change() -> None:
    found = snapshots({"2023-06-01": "A B", "2023-06-02": "A C", "2023-06-03": "A B", "2023-06-05": "A B"})
    assert spells(found) == [("A", "2023-06-02", None), ("B", "2023-06-02", None)]
    assert [(f.symbol, f.change.value, str(f.day)) for f in found.flips] == [("C", "enters", "2023-06-02"), ("B", "leaves", "2023-06-02")]


def test_a_change_that_stands_counts_from_the_open_after_it_could_have_been_taken_back() -> None:
    found = snapshots({"2023-06-13": "A B", "2023-06-14": "A C", "2023-06-15": "A C"})
    assert spells(found) == [("A", "2023-06-14", None), ("B", "2023-06-14", "2023-06-16"), ("C", "2023-06-16", None)]


def test_two_spellings_of_a_share_class_are_one_member() -> None:
    assert spells(snapshots({"2023-06-13": "BRK.B A", "2023-06-14": "BRK-B A", "2023-06-15": "BRK/B A"})) == [
        ("A", "2023-06-14", None),
        ("BRK.B", "2023-06-14", None),
    ]


def test_who_is_missing_where_a_row_could_not_be_read_has_not_left() -> None:
    torn = "Symbol,Name\nA,A Inc\nBig Company,B\n"
    found = source(("m_2021-03-10.csv", "Symbol,Name\nA,A Inc\nB,B Inc\n"), ("m_2021-03-11.csv", torn), ("m_2021-03-15.csv", torn))
    assert spells(found) == [("A", "2021-03-11", None), ("B", "2021-03-11", None)]


def test_the_first_source_is_believed_while_it_speaks_and_the_others_before_and_after() -> None:
    exact = source(("a.csv", "ticker,start_date,end_date\nA,2019-01-02,\nB,2019-01-02,2020-01-02\n"))
    other = source(("b.csv", "ticker,start_date,end_date\nA,2018-01-02,2021-03-01\nB,2018-01-02,2020-06-01\nC,2020-02-03,\n"))
    found = reconciled({"exact": exact, "other": other}, {"exact": date(2020, 3, 2)})
    assert [(a.spell.symbol, str(a.spell.start), str(a.spell.end), a.source, a.end_source) for a in found] == [
        ("A", "2018-01-02", "2021-03-01", "other", "other"),
        ("B", "2018-01-02", "2020-01-02", "other", "exact"),
        ("B", "2020-03-02", "2020-06-01", "other", "other"),
        ("C", "2020-03-02", "None", "other", None),
    ]


def test_every_source_is_heard_on_every_change() -> None:
    exact = source(("a.csv", "ticker,start_date,end_date\nA,2019-01-02,\nB,2019-01-02,2020-01-02\nC,2020-01-02,\nD,2020-05-01,\n"))
    other = source(("b.csv", "ticker,start_date,end_date\nA,2019-01-02,\nB,2019-01-02,2020-01-06\nC,2020-04-01,\n"))
    by_source = {"exact": exact, "other": other}
    heard = evidence_frame("I", reconciled(by_source), by_source).filter(pl.col("source") == "other")
    assert heard.select("symbol", "change", "verdict", "lag_days").rows() == [
        ("B", "leaves", "agrees", 4),
        ("C", "enters", "silent", None),
        ("C", "enters", "differs", 0),
        ("D", "enters", "silent", None),
    ]


def test_counts_turnover_and_lives_are_judged() -> None:
    text = "ticker,start_date,end_date\nA,2019-01-02,\nB,2019-01-02,2020-01-02\nC,2020-01-02,\n"
    found = membership_frame("I", reconciled({"s": source(("a.csv", text))}))
    days = pl.DataFrame({"session": [date(2018, 12, 31), date(2019, 1, 2), date(2020, 1, 2)]})
    counts = member_counts(found, days)
    assert counts["members"].to_list() == [0, 2, 2]
    assert off_count(counts, 2, 0.1)["session"].to_list() == [date(2018, 12, 31)]
    stated = read_membership("c.csv", b"date,add,remove\n2020-01-02,C,B\n2020-02-03,E,\n").rows
    names = Names(RENAMED, (), "s", "us_equities").frame(["B", "C", "E"])
    known = stated.with_columns(pl.lit(KNOWN).alias("known_at"), pl.lit("x").alias("payload_sha256"))
    announced = announced_changes(named(known, names), SESSIONS, "list")
    assert turnover(found, announced).rows() == [("list", date(2020, 2, 3), "E", "enters", True)]
    lives = pl.DataFrame({"symbol": ["A", "B"], "first_bar": [date(2019, 6, 3), None], "delisted_on": [None, date(2019, 12, 2)]})
    judged = outside_life(found, lives.cast({"first_bar": pl.Date, "delisted_on": pl.Date}), date(2025, 1, 2))
    assert judged.select("symbol", "reason").rows() == [("A", "a member before its first bar"), ("B", "a member after its delisting")]


def test_a_universe_is_covered_as_far_as_there_are_bars() -> None:
    universe = pl.DataFrame({"index": "I", "date": [date(2024, 1, 2), date(2024, 1, 3)], "symbol": "A"})
    bars = pl.DataFrame({"symbol": ["A", "B"], "session": [date(2024, 1, 2), date(2024, 1, 3)]})
    assert bar_coverage(universe, bars).rows() == [("I", 2, 1, 0.5)]


def test_the_seed_of_ticker_changes_contradicts_no_instrument(project: object) -> None:
    from pathlib import Path

    folder = Path(str(project)) / "data/reference"
    instruments = parse_instruments((folder / "instruments.csv").read_text(), "instruments.csv")
    changes = parse_ticker_changes((folder / "ticker_changes.csv").read_text(), "ticker_changes.csv")
    assert all(change.evidence for change in changes)
    plain = Names(instruments, changes, "fja", "us_equities")
    tape = Names(instruments, changes, "tape", "us_equities", listed=True)
    on = date(2008, 9, 25)
    held = {
        n: [h.symbol for h in names.holders("WM") if (not h.end or on < h.end) and (not h.start or h.start <= on)]
        for n, names in (("plain", plain), ("tape", tape))
    }
    assert held == {"plain": ["WM"], "tape": ["WAMUQ"]}


def test_a_rename_of_the_future_changes_no_day_before_it() -> None:
    """X will be called Y: entered as an alias of X. A file of before cannot have meant it, whoever bore Y in the past."""
    told = ("a.csv", "ticker,start_date,end_date\nX,2018-03-05,\nY,2016-03-01,2017-03-01\n")
    to_come = TickerChange("X", Alias("*", "Y", date(2025, 6, 2), None), "announced")
    assert (
        spells(source(told)) == spells(source(told, changes=(to_come,))) == [("X", "2018-03-05", None), ("Y", "2016-03-01", "2017-03-01")]
    )
    past = TickerChange("X", Alias("*", "Y", date(2024, 6, 3), None), "company")
    assert spells(source(told, changes=(past,))) == [("X", "2016-03-01", "2017-03-01"), ("X", "2018-03-05", None)]


DAYS = [date(2023, 5, 1) + timedelta(days=n) for n in range(30)]
HISTORY = st.lists(st.sets(st.sampled_from("ABCD")), min_size=6, max_size=30)


@given(HISTORY, st.integers(2, 5), st.lists(st.sets(st.sampled_from("ABCDE"), min_size=1), max_size=5))
def test_snapshots_of_the_future_change_no_day_before_them(history: list[set[str]], cut: int, future: list[set[str]]) -> None:
    """A snapshot of day D is known after D: members up to D stay as they were, whatever D and later ones say."""
    past = {str(day): " ".join(sorted(held | {"Z"})) for day, held in zip(DAYS, history, strict=False)}
    kept = dict(list(past.items())[:-cut])
    after = DAYS[len(kept) : len(kept) + len(future)]
    told = kept | {str(day): " ".join(sorted(held | {"Z"})) for day, held in zip(after, future, strict=False)}
    until = DAYS[len(kept)]
    assert days_until(snapshots(kept), until) == days_until(snapshots(told), until) == days_until(snapshots(past), until)


def days_until(found: SourceSpells, last: date) -> set[tuple[str, date]]:
    """(symbol, day) of every member day up to and with `last`."""
    frame = membership_frame("I", reconciled({"s": found}))
    return {
        (s, day)
        for s, start, end in frame.select("symbol", "effective_from", "effective_to").iter_rows()
        for day in DAYS
        if start <= day <= last and (end is None or day < end)
    }


SPELL = st.tuples(st.sampled_from(["A", "B", "OLD", "NEW"]), st.integers(0, 2000), st.one_of(st.none(), st.integers(1, 600)))


@given(st.lists(SPELL, min_size=1, max_size=8), st.lists(SPELL, max_size=4))
def test_intervals_of_the_future_change_no_day_before_them(
    past: list[tuple[str, int, int | None]], future: list[tuple[str, int, int | None]]
) -> None:
    base, cut = date(2015, 1, 5), date(2021, 1, 4)
    rows = [(t, base + timedelta(days=s), None if n is None else base + timedelta(days=s + n)) for t, s, n in past]
    later = [(t, cut + timedelta(days=s % 900), None if n is None else cut + timedelta(days=s % 900 + n)) for t, s, n in future]

    def members(lines: list[tuple[str, date, date | None]]) -> dict[str, set[str]]:
        text = "".join(f"{t},{a},{b or ''}\n" for t, a, b in lines)
        found = source(("a.csv", "ticker,start_date,end_date\n" + text))
        days = [base, date(2016, 2, 1), date(2019, 7, 1), date(2020, 12, 31)]
        return {str(d): {s.symbol for s in found.spells if s.start <= d and (s.end is None or d < s.end)} for d in days}

    assert members(rows) == members(rows + later)
