"""What workspace.yaml loads: the whole graph of the settings at hand.

Importing this module reads marketdata.yaml; whoever brings settings of their own calls `build_definitions`.
"""

from __future__ import annotations

from marketdata_assets.defs.build import build_definitions
from marketdata_assets.defs.resources import PlatformResource
from marketdata_assets.sandbox.embedded import open_market
from marketdata_assets.settings import load_settings

_SETTINGS = load_settings()
defs = build_definitions(_SETTINGS, platform=PlatformResource(_SETTINGS, open_market))
