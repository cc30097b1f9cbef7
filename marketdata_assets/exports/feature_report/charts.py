"""Pictures as inline SVG: heat maps, bars, small histograms. Colours come from the page's style sheet or from two ramps here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Ends of the ramps: warm for little, cool for much; both readable by the colour-blind.
_SEQUENTIAL = ((253, 244, 227), (116, 190, 193), (21, 74, 114))
_DIVERGING = ((178, 66, 44), (247, 246, 243), (25, 92, 138))
_UNKNOWN = "#e6e4df"


def sequential(share: float) -> str:
    """The colour of a share in [0, 1], light to dark; grey for NaN."""
    return _mixed(_SEQUENTIAL, share)


def diverging(value: float) -> str:
    """The colour of a value in [-1, 1], rust through white to blue; grey for NaN."""
    return _mixed(_DIVERGING, (value + 1) / 2)


def heat_map(
    matrix: Floats, rows: Sequence[str], columns: Sequence[str], cell: tuple[int, int], *, signed: bool, form: str = "{:.0%}"
) -> str:
    """A matrix as coloured cells with row names at the left and column names slanted above; each cell tells its value on hovering."""
    wide, high = cell
    left, top = 190, 14 + int(6.2 * max((len(name) for name in columns), default=0) * (0.9 if signed else 0.72))
    width, height = left + wide * len(columns) + 60, top + high * len(rows) + 6
    colour = diverging if signed else sequential
    parts = [_open(width, height)]
    every = max(1, math.ceil((13 if signed else 26) / wide))
    for j, name in enumerate(columns):
        if j % every == 0:
            x = left + wide * j + wide / 2
            parts.append(
                f'<text class="tick" transform="translate({x:.1f},{top - 5}) rotate({-58 if signed else -42})">{escape(name)}</text>'
            )
    for i, name in enumerate(rows):
        y = top + high * i
        parts.append(f'<text class="row" x="{left - 8}" y="{y + high * 0.74:.1f}" text-anchor="end">{escape(name)}</text>')
        for j, value in enumerate(matrix[i]):
            told = "no value" if math.isnan(value) else form.format(value)
            parts.append(
                f'<rect x="{left + wide * j}" y="{y}" width="{wide - 1}" height="{high - 1}" fill="{colour(float(value))}">'
                f"<title>{escape(name)} · {escape(columns[j])}: {told}</title></rect>"
            )
    return "".join([*parts, "</svg>"])


def histogram(counts: Floats, width: int = 116, height: int = 26) -> str:
    """Counts as small bars, the highest as high as the picture."""
    most = float(counts.max(initial=0.0))
    if most <= 0:
        return '<span class="none">no spread</span>'
    step = width / counts.size
    bars = "".join(
        f'<rect x="{step * k:.2f}" y="{height * (1 - n / most):.2f}" width="{max(0.8, step - 0.7):.2f}" height="{height * n / most:.2f}"/>'
        for k, n in enumerate(counts)
    )
    return f"{_open(width, height, 'spark')}{bars}</svg>"


def meter(share: float, limit: float = 1.0, *, kind: str = "") -> str:
    """A number between 0 and `limit` as a bar with the number behind it; a dash for NaN."""
    if math.isnan(share):
        return '<span class="none">–</span>'
    filled = max(0.0, min(1.0, share / limit)) * 100
    return f'<span class="meter {kind}"><i style="width:{filled:.1f}%"></i></span><b class="figure">{share:.2f}</b>'


def signed_meter(value: float) -> str:
    """A number in [-1, 1] as a bar to either side of the middle."""
    if math.isnan(value):
        return '<span class="none">–</span>'
    filled = min(1.0, abs(value)) * 50
    left = 50 if value >= 0 else 50 - filled
    bar = f'<i class="{"up" if value >= 0 else "down"}" style="left:{left:.1f}%;width:{filled:.1f}%"></i>'
    return f'<span class="meter both">{bar}</span><b class="figure">{value:+.2f}</b>'


def line(values: Sequence[float], width: int = 640, height: int = 90) -> str:
    """Values in order as a line over a pale area."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    points = [(width * k / (len(values) - 1), height - 6 - (v - low) / span * (height - 14)) for k, v in enumerate(values)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"0,{height} {path} {width},{height}"
    return f'{_open(width, height, "line", stretched=True)}<polygon points="{area}"/><polyline points="{path}"/></svg>'


def legend(signed: bool) -> str:
    """The ramp of a heat map with its ends."""
    colour, ends = (diverging, ("−1", "+1")) if signed else (sequential, ("0%", "100%"))
    steps = [colour(-1 + k / 10 if signed else k / 20) for k in range(21)]
    cells = "".join(f'<i style="background:{each}"></i>' for each in steps)
    return f'<span class="legend">{ends[0]}<span class="ramp">{cells}</span>{ends[1]}</span>'


def _mixed(stops: Sequence[tuple[int, int, int]], share: float) -> str:
    if math.isnan(share):
        return _UNKNOWN
    place = max(0.0, min(1.0, share)) * (len(stops) - 1)
    k = min(int(place), len(stops) - 2)
    mixed = [round(a + (b - a) * (place - k)) for a, b in zip(stops[k], stops[k + 1], strict=True)]
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def _open(width: float, height: float, kind: str = "chart", *, stretched: bool = False) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    ratio = ' preserveAspectRatio="none"' if stretched else ""
    return f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" {size}{ratio} role="img">'
