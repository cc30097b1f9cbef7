"""Every landing format known by name, and how marketdata.yaml bends one."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.presets_crypto import CRYPTO
from marketdata_assets.sources.landing.presets_equities import EQUITIES
from marketdata_assets.sources.landing.presets_lean import LEAN
from marketdata_assets.sources.landing.presets_polygon import POLYGON

GENERIC = LandingFormat()
PRESETS: dict[str, LandingFormat] = {preset.name: preset for preset in (*EQUITIES, *POLYGON, *CRYPTO, *LEAN, GENERIC)}


def changed_preset(value: Mapping[str, object]) -> dict[str, object]:
    """The fields of the preset that `value` names under `preset`, with everything else in `value` in their place; a mapping (`stamp`,
    `columns`) replaces entry by entry.

    Raises ValueError for an unknown preset, which pydantic reports at its place in marketdata.yaml.
    """
    name = str(value["preset"])
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"preset {name!r} is unknown; {hint}presets are {', '.join(sorted(PRESETS))}")
    fields = PRESETS[name].model_dump(exclude_unset=True)
    for key, given in value.items():
        if key != "preset":
            old = fields.get(key)
            fields[key] = {**old, **given} if isinstance(old, dict) and isinstance(given, Mapping) else given
    return fields
