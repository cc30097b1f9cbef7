"""The reference of landing formats as Markdown, written from the presets and the format's own fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from enum import StrEnum

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from marketdata_assets.sources.landing.format import LandingFormat, NotABar, Stamp
from marketdata_assets.sources.landing.limits import LIMITS
from marketdata_assets.sources.landing.presets import GENERIC, PRESETS
from marketdata_assets.sources.landing.rows import READING_RULES


def presets_table() -> str:
    """One row a preset: name, what it is, how such a file is named, bar length, label and zone, bases, tape."""
    head = ("preset", "what it is", "named like", "bars", "stamps", "prices / volumes", "tape")
    return _table(head, (_preset_row(preset) for preset in PRESETS.values() if preset is not GENERIC))


def presets_details() -> str:
    """What to know about each preset's numbers, its headers or column order, and the rows and files it refuses."""
    return "\n".join(_details(preset) for preset in PRESETS.values() if preset is not GENERIC)


def rules_table() -> str:
    """Every rule under which a row may be refused while it is read."""
    own = {kind.rule: kind.reason for preset in PRESETS.values() for kind in preset.other_rows}
    return _table(("rule", "refused because"), ((f"`{rule}`", meaning) for rule, meaning in {**READING_RULES, **own}.items()))


def limits_table() -> str:
    """How much of anything a payload may be."""
    return _table(("limit", "at most"), ((f"`{field.name}`", f"{getattr(LIMITS, field.name):,}") for field in dataclasses.fields(LIMITS)))


def fields_tables() -> str:
    """Every field that a format in marketdata.yaml may have, with its default and meaning."""
    parts = ((LandingFormat, "a format"), (Stamp, "`stamp`"), (NotABar, "an entry of `other_rows` and `other_files`"))
    return "\n".join(f"Fields of {what}:\n\n{_fields(model)}" for model, what in parts)


def _preset_row(preset: LandingFormat) -> tuple[str, ...]:
    stamp = preset.stamp
    written = f"count of {stamp.unit} since {stamp.since}" if stamp.unit else f"`{stamp.formats[0]}`"
    label = f", {stamp.label} of bar" if preset.timeframe != "1d" else ", session date" if preset.asset_class == "us_equities" else ""
    basis = (
        preset.price_basis.value
        if preset.price_basis is preset.volume_basis
        else f"{preset.price_basis.value} / {preset.volume_basis.value}"
    )
    return (
        f"`{preset.name}`",
        preset.title,
        f"`{preset.example}`",
        preset.timeframe or "from the name",
        f"{written}, {stamp.zone}{label}",
        basis.replace("_", " "),
        preset.tape,
    )


def _details(preset: LandingFormat) -> str:
    lines = [f"### `{preset.name}`", "", f"{preset.trap[:1].upper()}{preset.trap[1:]}.", ""]
    layouts = preset.headers if preset.header is not False else ()
    lines += [f"- header: `{layout}`" for layout in layouts]
    lines += [f"- without a header: `{preset.delimiter.join(preset.names)}`"] if preset.names else []
    lines += [f"- refused row, rule `{kind.rule}`: {kind.reason}" for kind in preset.other_rows]
    lines += [f"- refused file: {kind.reason}" for kind in preset.other_files]
    return "\n".join([*lines, ""])


def _fields(model: type[BaseModel]) -> str:
    rows = ((f"`{name}`", f"`{_default(field)}`", field.description or "") for name, field in model.model_fields.items())
    return _table(("field", "default", "meaning"), rows)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below"
    plain = list(value) if isinstance(value, tuple) else str(value) if isinstance(value, StrEnum) else value
    return yaml.safe_dump(plain, default_flow_style=True, width=1000).removesuffix("...\n").strip()


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


PARTS = {
    "presets": presets_table,
    "details": presets_details,
    "rules": rules_table,
    "limits": limits_table,
    "fields": fields_tables,
}


def refreshed(text: str) -> str:
    """docs/landing.md with each part between `<!-- part: NAME -->` and `<!-- end -->` written anew; everything else as it stands."""
    for name, part in PARTS.items():
        opening, closing = f"<!-- part: {name} -->", "<!-- end -->"
        head, found, rest = text.partition(opening)
        _, closed, tail = rest.partition(closing)
        if found and closed:
            text = f"{head}{opening}\n\n{part().strip()}\n\n{closing}{tail}"
    return text
