"""What a source is: one vendor's interfaces, datasets, spellings, plans and terms, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sources.api import Api
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.flat_files import OpenFlatFiles
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.stream import Stream

if TYPE_CHECKING:
    from marketdata_assets.sources.http import Client


@dataclass(frozen=True)
class Credential:
    """A secret that the vendor gives its customers: its name in `Auth` templates, and the environment variable that holds it.

    `example` is a made-up one of the right shape, where not any text will do.
    """

    name: str
    variable: str
    required: bool = True
    meaning: str = ""
    example: str = ""


@dataclass(frozen=True)
class Option:
    """A choice the vendor leaves to its customer: the default, what else may stand there (empty: any text), and what it means."""

    default: str
    choices: tuple[str, ...] = ()
    meaning: str = ""


@dataclass(frozen=True)
class Source:
    """One vendor as this platform uses it.

    `apis` are its hosts; they share its name, so that budgets of one name count together. The first of `plans` is the one assumed.
    `follows_renames`: asked for today's ticker it answers for the company under its older ones as well; otherwise a window is cut where
    the instruments file dates a ticker. `official` false marks interfaces without a contract, which are off unless switched on.
    `unverified` lists what no document states, in words. `streams` are what it pushes in real time.
    `gateway` is the client of a vendor that is not asked over HTTP; None: the one for all. `flat_files` opens its server of whole days as
    files; None: it has none.
    """

    name: str
    title: str
    docs: str
    apis: tuple[Api, ...]
    datasets: tuple[Dataset, ...]
    spellings: Mapping[str, Spelling]
    plans: tuple[Plan, ...]
    licence: str
    credentials: tuple[Credential, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)
    follows_renames: bool = False
    official: bool = True
    unverified: tuple[str, ...] = ()
    streams: tuple[Stream, ...] = ()
    gateway: type[Client] | None = None
    flat_files: OpenFlatFiles | None = None

    def __post_init__(self) -> None:
        names = [dataset.name for dataset in self.datasets]
        if len(set(names)) < len(names):
            raise ConfigFault(f"describing {self.name}", f"two datasets share a name: {sorted(names)}", "name each dataset once")
        if strays := {api.name for api in self.apis} - {self.name}:
            raise ConfigFault(f"describing {self.name}", f"its API is called {strays}", "call every API like the source")
        if len({stream.name for stream in self.streams}) < len(self.streams):
            raise ConfigFault(f"describing {self.name}", "two streams share a name", "name each stream once")
        for dataset in self.datasets:
            self.api_of(dataset)

    @property
    def asset_classes(self) -> tuple[str, ...]:
        """What it has anything of, in the order of its datasets."""
        return tuple(dict.fromkeys(dataset.asset_class for dataset in self.datasets))

    def api_of(self, dataset: Dataset) -> Api:
        """The host that serves a dataset."""
        for api in self.apis:
            if dataset.endpoint in api.endpoints:
                return api
        raise ConfigFault(
            f"describing {self.name}", f"no API has the endpoint {dataset.endpoint.name!r} of {dataset.name}", "add it to one of `apis`"
        )

    def plan(self, name: str | None = None) -> Plan:
        """The plan of that name, the first one without a name; `ConfigFault` with the names there are."""
        for plan in self.plans:
            if name in (None, plan.name):
                return plan
        raise ConfigFault(
            f"looking up a plan of {self.name}", f"{name!r} is none", f"use one of {', '.join(plan.name for plan in self.plans)}"
        )

    def dataset(self, name: str) -> Dataset:
        """The dataset of that name; `ConfigFault` with the names there are."""
        for dataset in self.datasets:
            if dataset.name == name:
                return dataset
        raise ConfigFault(
            f"looking up a dataset of {self.name}", f"{name!r} is none", f"use one of {', '.join(d.name for d in self.datasets)}"
        )

    def stream(self, name: str, asset_class: str) -> Stream:
        """The stream of that name, or the first of that kind of data in the asset class; `ConfigFault` with the names there are."""
        for stream in self.streams:
            if stream.asset_class == asset_class and name in (stream.name, stream.data.value):
                return stream
        names = [stream.name for stream in self.streams if stream.asset_class == asset_class]
        raise ConfigFault(
            f"looking up a stream of {self.name}", f"it pushes no {name!r} of {asset_class}", f"it has {', '.join(names) or 'no streams'}"
        )

    def serving(self, data: Data, asset_class: str, timeframe: str | None = None) -> Dataset | None:
        """The first dataset with this data of an asset class (at a bar length), None when the vendor has none."""
        for dataset in self.datasets:
            if dataset.data is data and dataset.asset_class == asset_class and (timeframe is None or timeframe in dataset.timeframes):
                return dataset
        return None

    def under(self, plan: str | None) -> Source:
        """The same source with the datasets that a plan includes first: of several with the same data, it is one of these that is taken."""
        name = self.plan(plan).name
        return replace(self, datasets=tuple(sorted(self.datasets, key=lambda dataset: not dataset.serves(name))))

    def chosen(self, options: Mapping[str, str], plan: str | None = None) -> dict[str, str]:
        """Every option with its value: the given one, else the plan's, else the default. `ConfigFault` for one that is unknown."""
        for name, value in options.items():
            if name not in self.options:
                raise ConfigFault(
                    f"reading the options of {self.name}", f"{name!r} is none", f"known options: {', '.join(self.options) or 'none'}"
                )
            if self.options[name].choices and value not in self.options[name].choices:
                raise ConfigFault(
                    f"reading option {name} of {self.name}",
                    f"{value!r} is no choice",
                    f"use one of {', '.join(self.options[name].choices)}",
                )
        defaults = {name: option.default for name, option in self.options.items()}
        return {**defaults, **self.plan(plan).options, **options}

    def client(self, api: Api, **options: Any) -> Client:
        """The client for one of its hosts, to be entered; `options` are those of `sources.http.Client`."""
        from marketdata_assets.sources.http import Client

        return (self.gateway or Client)(api, **options)

    def apis_for(self, plan: str | None = None, base_url: str | None = None) -> tuple[Api, ...]:
        """The hosts with the budgets and key of a plan; with `base_url`, or the plan's, all of them served there (a sandbox, a region)."""
        chosen = self.plan(plan)
        budgets, base_url = chosen.budgets, base_url or chosen.base_url
        apis = tuple(replace(api, budgets={**api.budgets, **budgets}, auth=chosen.auth or api.auth) for api in self.apis)
        return tuple(api.at(base_url) for api in apis) if base_url else apis
