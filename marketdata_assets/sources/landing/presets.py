"""Every landing format known by name, and how marketdata.yaml names one or bends it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator

from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.presets_crypto import CRYPTO
from marketdata_assets.sources.landing.presets_equities import EQUITIES
from marketdata_assets.sources.landing.presets_lean import LEAN

GENERIC = LandingFormat()
PRESETS: dict[str, LandingFormat] = {preset.name: preset for preset in (*EQUITIES, *CRYPTO, *LEAN, GENERIC)}


def configured(value: object) -> object:
    """What `format:` of a source means: a preset's name, a preset with changes (`{preset: NAME, tape: xnas}`), or a column map.

    Raises ValueError for an unknown preset, which pydantic reports at its place in marketdata.yaml.
    """
    if isinstance(value, str):
        return _preset(value)
    if isinstance(value, Mapping) and "preset" in value:
        changes = {key: given for key, given in value.items() if key != "preset"}
        return {**_preset(str(value["preset"])).model_dump(exclude_unset=True), **changes}
    return value


ConfiguredFormat = Annotated[LandingFormat, BeforeValidator(configured)]
"""The type of a setting that holds a landing format: name, changed preset or column map, always read into a `LandingFormat`."""


def _preset(name: str) -> LandingFormat:
    if name in PRESETS:
        return PRESETS[name]
    near = difflib.get_close_matches(name, PRESETS, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(f"landing format {name!r} is unknown; {hint}presets are {', '.join(sorted(PRESETS))}")
