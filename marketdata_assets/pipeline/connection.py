"""A configured source, opened: the vendor's client with its key, its plan's budgets and the archive that keeps every answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from pydantic import SecretStr

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.pipeline.inventory import source_settings
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.settings import credentials_of
from marketdata_assets.sources.answer import RequestRecord
from marketdata_assets.sources.api import LOOPBACK, Api
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.source import Source


@asynccontextmanager
async def connected(platform: Platform, source: str, dataset: Dataset) -> AsyncIterator[Client]:
    """A client for the host that serves `dataset`, within the present event loop.

    Every complete answer, errors included, is archived before anything is made of it. Request budgets are shared with all runs of this
    machine by way of the state folder. `ConfigFault` names the environment variables that hold no key.
    """
    api = api_of(platform, source, dataset)
    vendor = source_settings(platform, source).source()
    secrets = secrets_of(platform, vendor)
    if platform.settings.market == "simulated" and urlsplit(api.base_url).hostname not in LOOPBACK:
        raise ConfigFault(
            f"connecting to {vendor.title}",
            "the simulated market asks nobody outside this machine",
            "set `market: real` in marketdata.yaml",
        )
    if lacking := _unset(vendor, api, secrets):
        raise ConfigFault(
            f"connecting to {vendor.title}",
            f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not set",
            "set it in the environment; .env.example lists the names, and a sandbox takes any value",
            source=source,
        )
    archive = platform.lake.archive

    def keep(data: bytes, record: RequestRecord) -> None:
        archive.put(data, name=f"{source} {record.url}", received_at=record.received_at)

    async with vendor.client(api, credentials=secrets, state=platform.settings.state, on_payload=keep) as client:
        yield client


def api_of(platform: Platform, source: str, dataset: Dataset) -> Api:
    """The host that serves a dataset, with the budgets of the source's plan, at its configured address."""
    config = source_settings(platform, source)
    vendor = config.source()
    at = vendor.apis.index(vendor.api_of(dataset))
    return vendor.apis_for(config.plan, platform.address(config))[at]


def secrets_of(platform: Platform, vendor: Source) -> dict[str, SecretStr]:
    """The vendor's secrets in the environment; in the simulated market, whose sandbox takes any, made-up ones for all of them."""
    simulated = platform.settings.market == "simulated"
    made_up = {each.name: SecretStr(each.example or f"sandbox-{each.name}") for each in vendor.credentials if simulated}
    return {**made_up, **credentials_of(vendor)}


def missing_variables(platform: Platform, vendor: Source, api: Api) -> list[str]:
    """Environment variables that ought to hold a key of this host and do not."""
    return _unset(vendor, api, secrets_of(platform, vendor))


def _unset(vendor: Source, api: Api, held: Mapping[str, SecretStr]) -> list[str]:
    templates = " ".join([*api.auth.headers.values(), *api.auth.query.values()])
    needed = [each for each in vendor.credentials if each.required and f"{{{each.name}}}" in templates]
    return [each.variable for each in needed if each.name not in held and not api.auth.optional]
