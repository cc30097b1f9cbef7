"""Landed files: the inventory of a source's folder, and whether every file in it could be read."""

from collections.abc import Iterator

from dagster import AssetCheckSpec, AssetExecutionContext, AssetsDefinition, AssetSpec, MaterializeResult, multi_asset

from marketdata_assets.defs.inventory import READABLE, inventory_facts, landing_path, readable
from marketdata_assets.defs.keys import asset_key, op_name
from marketdata_assets.defs.lanes import storage_kind
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.defs.specs import OWNERS, description, kinds, table_metadata
from marketdata_assets.pipeline.inventory import inventory
from marketdata_assets.pipeline.landing import refresh
from marketdata_assets.schemas.audit import LANDING_FILES
from marketdata_assets.settings import Settings

CODE_VERSION = "1"


def landing_files(settings: Settings, source: str) -> AssetsDefinition:
    """The asset that looks into one landing folder: archives and enters what is new, and says what it had to refuse."""
    config = settings.sources[source]
    path = landing_path(config.asset_class, source)
    spec = AssetSpec(
        key=asset_key(path),
        group_name=f"{config.asset_class}_landing",
        kinds=kinds(storage_kind(settings.lake), "file"),
        owners=OWNERS,
        description=description(LANDING_FILES, f"Source `{source}` reads the folder `{config.landing}`."),
        metadata=table_metadata(LANDING_FILES, path, settings.lake),
        code_version=CODE_VERSION,
    )

    @multi_asset(
        name=op_name(path),
        specs=[spec],
        check_specs=[AssetCheckSpec(READABLE, asset=asset_key(path), description="Every file in the landing folder can be read as bars.")],
        required_resource_keys={PLATFORM},
    )
    def look(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        platform = platform_of(context)
        with told():
            new = refresh(platform, source).files
            held = inventory(platform, source)
            yield MaterializeResult(metadata=inventory_facts(held, new), check_results=[readable(platform, source, held)])

    return look
