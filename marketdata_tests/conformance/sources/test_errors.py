"""S08: every error that a vendor documents becomes the fault that says what to do."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from marketdata_assets.core.faults import Fault
from marketdata_assets.sources.api import Endpoint
from marketdata_assets.sources.errors import VendorFault
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.registry import vendor, vendor_names
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.source import Source
from marketdata_tests.conformance.sources.recorded import NO_ERRORS_DOCUMENTED
from marketdata_tests.conformance.sources.served import api_at, path_of, secrets
from marketdata_tests.conformance.sources.told_errors import DOCUMENTED, ToldError, errors_of
from marketdata_tests.support.loopback import Loopback, Reply
from marketdata_tests.support.virtual_time import VirtualTime, run

TOLD = [error for name in vendor_names() for error in errors_of(name)]


def endpoints_of(source: Source) -> list[Endpoint]:
    """Every endpoint that a dataset uses, once."""
    return list({dataset.endpoint.name: dataset.endpoint for dataset in source.datasets}.values())


def any_request(endpoint: Endpoint) -> Request:
    """A request to an endpoint, its path filled with something."""

    class Anything(dict[str, str]):
        def __missing__(self, key: str) -> str:
            return "A"

    return Request(endpoint.name, endpoint.path.format_map(Anything()), {}, {**endpoint.params})


def fault_of(source: Source, endpoint: Endpoint, reply: Reply) -> VendorFault | None:
    """What a vendor's answer becomes; None when it is read as data."""

    async def scene() -> VendorFault | None:
        request = any_request(endpoint)
        async with Loopback() as server:
            server.on(path_of(request), reply)
            async with Client(api_at(source, endpoint, server.url, attempts=1), credentials=secrets(source), time=VirtualTime()) as client:
                try:
                    await client.fetch(request)
                except VendorFault as fault:
                    return fault
        return None

    return run(scene())


@pytest.mark.parametrize("error", TOLD, ids=str)
def test_s08_a_documented_error_is_the_right_fault(error: ToldError, shared: Path) -> None:
    if error.fixture and not shared.is_dir():
        pytest.skip("its body stands in a recording, which is not beside the project")
    source = vendor(error.vendor)
    endpoints = [endpoint for endpoint in endpoints_of(source) if error.where in endpoint.path and _speaks(endpoint, error)]
    for endpoint in endpoints:
        fault = fault_of(source, endpoint, error.reply(shared / "fixtures"))
        assert isinstance(fault, error.faults), f"{endpoint.name}: {fault!r}"
        assert fault.remedy
        assert isinstance(fault, Fault)
        assert fault.context["source"] == error.vendor
        if error.wait is not None:
            assert math.isclose(fault.wait or 0.0, error.wait), endpoint.name


def _speaks(endpoint: Endpoint, error: ToldError) -> bool:
    """Files are served by an archive, which has no words of its own."""
    return endpoint.form != "bytes" or error.status >= 500


@pytest.mark.parametrize("name", vendor_names())
def test_s08_every_vendor_has_its_documented_errors_here(name: str) -> None:
    assert name in NO_ERRORS_DOCUMENTED or any(error.vendor == name for error in DOCUMENTED)


@pytest.mark.parametrize("name", vendor_names())
def test_s08_every_recorded_error_is_among_them(name: str, shared: Path) -> None:
    folder = shared / "fixtures" / name
    recorded = {f"{name}/{path.name}" for path in folder.glob("*error*") if not path.name.startswith("ws_")}
    assert recorded <= {error.fixture for error in DOCUMENTED}
