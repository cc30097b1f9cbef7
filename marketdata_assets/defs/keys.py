"""Asset keys: the path of a table in the lake, split at its slashes. Nothing here knows what a table holds."""

from __future__ import annotations

from dagster import AssetKey


def asset_key(path: str) -> AssetKey:
    """`us_equities/raw_bars_1d/tiingo` as Dagster's key of three parts."""
    return AssetKey(path.split("/"))


def lake_path(key: AssetKey) -> str:
    """The table path that an asset key stands for."""
    return "/".join(key.path)


def op_name(path: str) -> str:
    """A table path as a step's name, which may hold letters, digits and underscores only."""
    return path.replace("/", "__")
