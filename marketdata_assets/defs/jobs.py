"""Jobs: a lane from its landed files to its exports, with every check."""

from __future__ import annotations

from dagster import AssetSelection, define_asset_job
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.lanes import Lane

LANE_TAG = "marketdata/lane"


def lane_job(lane: Lane) -> UnresolvedAssetJobDefinition:
    """`us_equities_1d`: landed files, raw, normalized, validated with quarantine and coverage, exports, checks; for any rectangle.

    Its runs carry the lane's name, by which dagster.yaml lets one run of a lane go at a time.
    """
    landing = [asset_key(lane.inventory(source)) for source in lane.sources if source not in lane.networked]
    selection = AssetSelection.groups(lane.name)
    return define_asset_job(
        lane.name,
        selection=selection | AssetSelection.assets(*landing) if landing else selection,
        description=f"{lane.asset_class} {lane.timeframe}: from landed files to exports, with every check.",
        tags={LANE_TAG: lane.name},
    )
