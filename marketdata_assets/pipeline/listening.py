"""A configured source, listened to: the vendor's feed with its key, its symbols spelled its way, every payload archived."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.pipeline.connection import secrets_of
from marketdata_assets.pipeline.inventory import source_settings
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.wanted import spelled
from marketdata_assets.sources.answer import RequestRecord
from marketdata_assets.sources.api import LOOPBACK
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.stream import Stream, shortest
from marketdata_assets.sources.stream_listener import Listener


def listener(
    platform: Platform,
    source: str,
    name: str,
    symbols: Collection[str],
    *,
    timeframe: str | None = None,
    options: Mapping[str, str] | None = None,
    url: str | None = None,
) -> Listener:
    """A listener to a stream of a configured source (by its name, or the first of that kind of data), not started yet.

    `symbols` are ours; others go to the vendor as they are. Without a bar length the shortest there is. `url` replaces the feed's address.
    `ConfigFault` where the plan lacks the stream, a key is not set, or nobody knows the feed's address: a `base_url` outside this
    machine says where REST is, not where the feed is.
    """
    config = source_settings(platform, source)
    vendor = config.source()
    stream = _placed(vendor.stream(name, config.asset_class), source, platform.address(config), vendor.plan(config.plan).name, url)
    if platform.settings.market == "simulated" and urlsplit(stream.base_url).hostname not in LOOPBACK:
        raise ConfigFault(
            f"listening to {vendor.title}", "the simulated market asks nobody outside this machine", "set `market: real` in marketdata.yaml"
        )
    secrets = secrets_of(platform, vendor)
    templates = " ".join([*stream.headers.values(), *stream.login.values()])
    if lacking := [each.variable for each in vendor.credentials if f"{{{each.name}}}" in templates and each.name not in secrets]:
        raise ConfigFault(
            f"listening to {vendor.title}",
            f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not set",
            "set it in the environment; .env.example lists the names, and a sandbox takes any value",
            source=source,
        )
    length = timeframe or (shortest(stream.timeframes) if stream.timeframes else None)
    chosen = vendor.chosen({**config.options, **(options or {})}, config.plan)
    question = Question(stream.name, (), None, timeframe_named(length) if length else None, chosen)
    archive = platform.lake.archive

    def keep(data: bytes, record: RequestRecord) -> None:
        archive.put(data, name=f"{source} {record.url} {record.endpoint}", received_at=record.received_at)

    names = _spellings(platform, source, stream, symbols)
    return Listener(vendor.name, stream, question.naming(names), credentials=secrets, on_payload=keep)


def _placed(stream: Stream, source: str, base_url: str | None, plan: str, url: str | None) -> Stream:
    """The stream at the address that options and settings say."""
    if stream.plans and plan not in stream.plans:
        raise ConfigFault(
            f"listening to {stream.name} of {source}",
            f"the plan {plan} does not include it",
            f"set `plan:` of the source to one of {', '.join(stream.plans)}",
        )
    if url is not None:
        return stream.at(url)
    if base_url is not None and urlsplit(base_url).hostname in LOOPBACK:
        return stream.at(base_url)
    if base_url is not None and plan not in stream.hosts:
        raise ConfigFault(
            f"listening to {stream.name} of {source}",
            "its `base_url` is for REST; where the feed is, it does not say",
            "give --url wss://host",
        )
    return replace(stream, base_url=stream.hosts.get(plan, stream.base_url))


def _spellings(platform: Platform, source: str, stream: Stream, symbols: Collection[str]) -> dict[str, str]:
    """Our name (or the text as given) by the feed's spelling of today."""
    config, names = source_settings(platform, source), {}
    today = Window(clock.now(), clock.now() + timedelta(days=1))
    for symbol in symbols:
        known = symbol in platform.instruments and platform.instruments.get(symbol).asset_class == config.asset_class
        if not known:
            names[symbol] = symbol
        elif stream.spelling is not None:
            names[stream.spelling.theirs(symbol)] = symbol
        else:
            names.update({spelling: symbol for spelling, _ in spelled(platform, source, symbol, today)})
    return names
