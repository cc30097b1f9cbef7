from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from marketdata_assets.sources.api import Auth
from marketdata_assets.sources.errors import BadCredentials
from marketdata_assets.sources.redaction import Keyring

SECRET = "canary/key+0123=="
AUTH = Auth(headers={"Authorization": "Bearer {api_key}"}, query={"token": "{api_key}"})


def keyring(secret: str = SECRET, auth: Auth = AUTH) -> Keyring:
    return Keyring("toy", auth, {"api_key": SecretStr(secret)})


def test_secrets_go_where_the_description_says_and_nowhere_else() -> None:
    keys = keyring()
    assert keys.headers() == {"Authorization": f"Bearer {SECRET}"}
    assert keys.query() == {"token": SECRET}
    assert "canary" not in repr(keys)


def test_a_missing_key_is_a_fault_that_names_it_unless_the_vendor_does_without() -> None:
    with pytest.raises(BadCredentials, match="'api_key' is not configured"):
        Keyring("toy", AUTH, {}).headers()
    with pytest.raises(BadCredentials):
        keyring("").headers()
    assert Keyring("toy", Auth(headers=AUTH.headers, optional=True), {}).headers() == {}


@pytest.mark.parametrize("secret", [" leading", "line\r\nX-Evil: 1", "tab\t", "ümlaut"])
def test_a_key_that_would_break_the_header_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(BadCredentials) as caught:
        keyring(secret)
    assert secret not in str(caught.value)


@pytest.mark.parametrize("shape", [SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode(), SECRET.replace("/", "\\/")])
def test_a_secret_is_blotted_out_in_every_spelling(shape: str) -> None:
    keys = keyring()
    assert keys.redact(f"https://v.test/?token={shape}&a=1") == "https://v.test/?token=***&a=1"
    payload = f'{{"Information":"We have detected your API key as {shape} and"}}'.encode()
    scrubbed = keys.scrub(payload)
    assert len(scrubbed) == len(payload)
    assert b"canary" not in scrubbed
    assert b"***" in scrubbed


def test_a_payload_without_secrets_is_the_very_same_bytes() -> None:
    payload = b'{"bars":[]}'
    assert keyring().scrub(payload) is payload
    assert keyring("demo").scrub(b'{"demo":1}') == b'{"demo":1}', "a public demo key is a word that data may hold"


def test_the_budget_knows_keys_apart() -> None:
    assert keyring("key-one-1").owner != keyring("key-two-2").owner


def test_a_short_secret_is_blotted_out_where_it_stands_alone_and_nowhere_else() -> None:
    keys = keyring("s")
    assert keys.redact("https://v.test/v2/stocks/bars?token=s&symbols=MS") == "https://v.test/v2/stocks/bars?token=***&symbols=MS"
