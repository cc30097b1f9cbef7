"""An S3 server over HTTP on loopback that can be told to misbehave; a pytest plugin with the fixture `s3_server`.

moto answers, one request at a time: that gives it the atomic conditional PUT that Amazon promises and moto's threads lack.
"""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from marketdata_assets.lake.s3_options import S3Options

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}

Environ = dict[str, Any]
Respond = Callable[..., Any]
_ERRORS = {
    "500": ("500 Internal Server Error", "InternalError"),
    "503": ("503 Slow Down", "SlowDown"),
    "409": ("409 Conflict", "ConditionalRequestConflict"),
    "403": ("403 Forbidden", "AccessDenied"),
    "wrong key": ("403 Forbidden", "InvalidAccessKeyId"),
}


class _Quiet(MotoRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 -- werkzeug's name
        pass


class S3Server(ThreadedMotoServer):
    """`faults` holds (method, how) for the next requests of that method, in order; without one the server behaves.

    How: an HTTP status before anything happened; `reset` before anything happened; `lost answer`, `lost answer 500` after the request took
    effect; `half body`; `slow`, which is longer than the client of `options` waits.
    """

    def __init__(self) -> None:
        super().__init__(ip_address="127.0.0.1", port=0, verbose=False)
        self.faults: deque[tuple[str, str]] = deque()
        self.seen: list[str] = []
        self._turn = threading.Lock()

    @property
    def options(self) -> S3Options:
        host, port = self.get_host_and_port()
        return S3Options(endpoint_url=f"http://{host}:{port}", region="us-east-1", connect_timeout=2.0, read_timeout=20.0)

    @cached_property
    def client(self) -> Any:
        return self.options.client()

    @cached_property
    def hasty_client(self) -> Any:
        """One that gives up on a slow answer."""
        return S3Options(endpoint_url=self.options.endpoint_url, region="us-east-1", connect_timeout=0.5, read_timeout=0.5).client()

    def new_bucket(self) -> str:
        name = f"lake-{uuid.uuid4().hex[:12]}"
        self.client.create_bucket(Bucket=name)
        return name

    def _server_entry(self) -> None:
        app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(self._ip_address, self._port, self._around(app), True, request_handler=_Quiet)
        self._server_ready_event.set()
        self._server.serve_forever()

    def _around(self, app: Callable[[Environ, Respond], Iterable[bytes]]) -> Callable[[Environ, Respond], Iterable[bytes]]:
        def answer(environ: Environ, respond: Respond) -> Iterable[bytes]:
            with self._turn:
                return list(app(environ, respond))

        def misbehave(environ: Environ, respond: Respond) -> Iterable[bytes]:
            method = environ["REQUEST_METHOD"]
            self.seen.append(method)
            how = self.faults.popleft()[1] if self.faults and self.faults[0][0] == method else ""
            if how in _ERRORS:
                return _error(how, environ, respond)
            if how == "slow":
                time.sleep(1.0)
                return _error("500", environ, respond)
            if how == "reset":
                return _hang_up(environ)
            if how.startswith("lost answer"):
                list(answer(environ, lambda *_: None))
                return _error("500", environ, respond) if how.endswith("500") else _hang_up(environ)
            if how == "half body":
                return _half(environ, b"".join(answer(environ, respond)))
            return answer(environ, respond)

        return misbehave


def _error(how: str, environ: Environ, respond: Respond) -> Iterable[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    status, code = _ERRORS[how]
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>asked for by a test</Message></Error>".encode()
    respond(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def _hang_up(environ: Environ) -> Iterable[bytes]:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("asked for by a test")


def _half(environ: Environ, body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """One server for the session; credentials that it accepts are in the environment while it lives."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        server = S3Server()
        server.start()
        yield server
        server.stop()
