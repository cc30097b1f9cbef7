"""The page: facts, gates, coverage, distribution and persistence, correlation, missing data. One file, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import polars as pl

from marketdata_assets.exports.feature_report.charts import heat_map, histogram, legend, line, meter, signed_meter
from marketdata_assets.exports.feature_report.statistics import LAGS, Statistics
from marketdata_assets.exports.feature_report.style import STYLE

_SYMBOLS_SHOWN = 20
_ALIKE = 0.999


@dataclass(frozen=True)
class GateLine:
    """One gate as the page shows it: name, rule, whether it passed, whether a failure is an error or a warning, what it said."""

    name: str
    rule: str
    passed: bool
    warning: bool
    said: str


@dataclass(frozen=True)
class FeatureLine:
    """One feature as the page shows it."""

    name: str
    category: str
    formula: str


def feature_page(
    title: str, facts: Mapping[str, str], gates: Sequence[GateLine], features: Sequence[FeatureLine], numbers: Statistics
) -> str:
    """The report as one HTML text: `facts` are named figures of the panel, shown in order; `features` those of `numbers`, in order."""
    sections = {
        "gates": ("Gates", _gates(gates)),
        "coverage": ("Coverage", _coverage(numbers)),
        "features": ("Features", _features(features, numbers)),
        "correlation": ("Correlation", _correlation(numbers)),
        "missing": ("Missing data", _missing(numbers)),
    }
    nav = "".join(f'<a href="#{name}">{heading}</a>' for name, (heading, _) in sections.items())
    body = "".join(f'<section id="{name}"><h2>{heading}</h2>{html}</section>' for name, (heading, html) in sections.items())
    verdict = _verdict(gates)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><header><div class='wrap'><p class='kicker'>Feature panel</p>"
        f"<h1>{escape(title)}</h1>{verdict}<nav>{nav}</nav></div></header><main class='wrap'>{_facts(facts, numbers)}{body}</main>"
        "<footer class='wrap'>Every number was known at the close of its date. Nothing on this page is fetched from anywhere.</footer>"
        "</body></html>"
    )


def _verdict(gates: Sequence[GateLine]) -> str:
    failed = [gate.name for gate in gates if not gate.passed and not gate.warning]
    warned = [gate.name for gate in gates if not gate.passed and gate.warning]
    kind, said = ("good", f"all {len(gates)} gates pass") if gates else ("warn", "no gate was asked")
    if warned:
        kind, said = "warn", f"{len(gates) - len(warned)} of {len(gates)} gates pass; a warning from {', '.join(warned)}"
    if failed:
        kind, said = "bad", f"not passed: {', '.join(failed)}"
    return f'<p class="verdict {kind}"><i></i>{escape(said)}</p>'


def _facts(facts: Mapping[str, str], numbers: Statistics) -> str:
    cards = "".join(f"<div class='card'><b>{escape(value)}</b><span>{escape(name)}</span></div>" for name, value in facts.items())
    members = [float(n) for n in numbers.members["members"]]
    if not members:
        return f"<div class='cards'>{cards}</div>"
    ends = f"{numbers.members['date'][0]} to {numbers.members['date'][-1]}, between {min(members):.0f} and {max(members):.0f} members"
    return (
        f"<div class='cards'>{cards}</div><figure class='members'>{line(members)}<figcaption>Members by date: {ends}</figcaption></figure>"
    )


def _gates(gates: Sequence[GateLine]) -> str:
    rows = "".join(
        f"<tr><td><span class='pill {_kind(gate)}'>{'pass' if gate.passed else 'warn' if gate.warning else 'fail'}</span></td>"
        f"<th>{escape(gate.name)}</th><td>{escape(gate.rule)}</td><td>{escape(gate.said)}</td></tr>"
        for gate in gates
    )
    return f"<table class='gates'><thead><tr><th></th><th>gate</th><th>rule</th><th>found</th></tr></thead><tbody>{rows}</tbody></table>"


def _kind(gate: GateLine) -> str:
    return "good" if gate.passed else "warn" if gate.warning else "bad"


def _coverage(numbers: Statistics) -> str:
    said = "Share of members with a value, by period. A feature is null until its window is full, and where its divisor is 0."
    wide = max(9, min(34, 850 // max(1, len(numbers.periods))))
    picture = heat_map(numbers.coverage, numbers.features, numbers.periods, (wide, 14), signed=False, form="{:.1%}")
    return f"<p>{said} {legend(signed=False)}</p><div class='scroll'>{picture}</div>"


def _features(features: Sequence[FeatureLine], numbers: Statistics) -> str:
    lagged = [f"rank corr. {lag}d" for lag in LAGS]
    heads = ["feature", "1st to 99th percentile", "median", "deviation", "within a date", *lagged, "turnover 1d"]
    parts, category = [], ""
    for k, (feature, row) in enumerate(zip(features, numbers.distribution.iter_rows(named=True), strict=True)):
        if feature.category != category:
            category = feature.category
            parts.append(f"<tr class='group'><td colspan='9'>{escape(category)}</td></tr>")
        spread = row["within"] / row["std"] if row["std"] and row["within"] is not None else float("nan")
        lags = "".join(f"<td class='wide'>{signed_meter(float(each))}</td>" for each in numbers.persistence[k])
        turnover = meter(float(numbers.turnover[k]), 0.34, kind="warm")
        parts.append(
            f"<tr><th title='{escape(feature.formula, quote=True)}'>{escape(feature.name)}</th>"
            f"<td>{histogram(numbers.histograms[k])}</td>"
            f"<td class='num'>{_number(row['p50'])}</td><td class='num'>{_number(row['std'])}</td>"
            f"<td class='wide'>{meter(spread, 1.2)}</td>{lags}<td class='wide'>{turnover}</td></tr>"
        )
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    said = (
        "Dispersion: the mean standard deviation of the members of a date over the one of the whole panel. Autocorrelation: of the "
        "members' ranks with those 1, 5 and 21 sessions earlier. Turnover: how far a member's percentile rank moves in one session."
    )
    table = f"<table class='features'><thead><tr>{head}</tr></thead><tbody>{''.join(parts)}</tbody></table>"
    return f"<p>{said}</p><div class='scroll'>{table}</div>"


def _correlation(numbers: Statistics) -> str:
    picture = heat_map(numbers.correlation, numbers.features, numbers.features, (15, 15), signed=True, form="{:+.2f}")
    pairs = _closest(numbers)
    said = "Correlation of the members' ranks within each date, over rows that have both."
    rows = "".join(f"<tr><th>{escape(a)}</th><th>{escape(b)}</th><td class='wide'>{signed_meter(c)}</td></tr>" for a, b, c in pairs)
    head = "<thead><tr><th colspan='2'>the closest pairs that do not rank alike</th><th></th></tr></thead>"
    table = f"<table class='pairs'>{head}<tbody>{rows}</tbody></table>"
    return f"<p>{said} {legend(signed=True)}</p><div class='scroll'>{picture}</div>{table}"


def _closest(numbers: Statistics, shown: int = 10) -> list[tuple[str, str, float]]:
    upper = np.argwhere(np.triu(np.ones_like(numbers.correlation), 1) > 0)
    told = [(int(i), int(j), float(numbers.correlation[i, j])) for i, j in upper if abs(numbers.correlation[i, j]) < _ALIKE]
    best = sorted(told, key=lambda each: (-abs(each[2]), each[0], each[1]))[:shown]
    return [(numbers.features[i], numbers.features[j], c) for i, j, c in best]


def _missing(numbers: Statistics) -> str:
    by_feature = numbers.distribution.sort("null_share", descending=True).select("feature", "null_share").head(_SYMBOLS_SHOWN)
    by_symbol = numbers.symbols.select("symbol", "null_share").head(_SYMBOLS_SHOWN)
    return f"<div class='two'>{_shares(by_feature, 'null by feature')}{_shares(by_symbol, 'null by symbol')}</div>"


def _shares(rows: pl.DataFrame, heading: str) -> str:
    most = max([float(share) for _, share in rows.iter_rows()] or [0.0]) or 1.0
    lines = "".join(
        f"<tr><th>{escape(name)}</th><td class='wide'><span class='meter warm'><i style='width:{share / most * 100:.1f}%'></i></span></td>"
        f"<td class='num'>{share:.2%}</td></tr>"
        for name, share in rows.iter_rows()
    )
    return f"<table><thead><tr><th colspan='3'>{escape(heading)}</th></tr></thead><tbody>{lines}</tbody></table>"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
