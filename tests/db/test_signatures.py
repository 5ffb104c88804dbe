"""The worked examples of the wire contracts, and every way a signature may be wrong."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.providers.definition import Call
from db.providers.meta import signature as meta
from db.providers.meta.signature import sign_meta
from db.providers.twilio import signature as twilio
from db.providers.twilio.signature import parse_form, port_variants, sign_twilio


def verify_meta(secret: str, body: bytes, header: str) -> bool:
    return meta.verify(secret, Call("https://h.test/", body, header))


def verify_twilio(token: str, url: str, body: bytes, header: str) -> bool:
    return twilio.verify(token, Call(url, body, header))


META_BODY = b'{"object":"whatsapp_business_account","entry":[]}'
META_HEADER = "sha256=2ff48ad93b702ab2040e5d78d6c07549274fb2e739ecd649af3037518df3b94c"
TOKEN = "sim-auth-token"
URL = "https://panel.example.test/hooks/twilio/status?acc=7"
FORM = (
    b"MessageStatus=delivered&From=%2B15005550006&To=%2B5511987654321"
    b"&AccountSid=AC00000000000000000000000000000001&MessageSid=SM00000000000000000000000000000002"
)
SIGNATURE = "2c9wCdghId7QoOjKn8Zb89qsM/8="
JSON_URL = (
    "https://panel.example.test/hooks/twilio/json?bodySHA256=4062edaf750fb8074e7e83e0c9028c94e32468a8b6f1614774328ef045150f93"
)


def test_meta_worked_example() -> None:
    assert sign_meta("sim-app-secret", META_BODY) == META_HEADER
    assert verify_meta("sim-app-secret", META_BODY, META_HEADER)


@pytest.mark.parametrize(
    "header", ["", "sha256=", META_HEADER[:-1], META_HEADER[7:], "sha1=" + META_HEADER[7:], META_HEADER + "é"]
)
def test_meta_bad_header(header: str) -> None:
    assert not verify_meta("sim-app-secret", META_BODY, header)


def test_meta_changed_byte() -> None:
    assert not verify_meta("sim-app-secret", META_BODY + b" ", META_HEADER)


def test_twilio_worked_example() -> None:
    assert sign_twilio(TOKEN, URL, parse_form(FORM)) == SIGNATURE
    assert verify_twilio(TOKEN, URL, FORM, SIGNATURE)
    assert not verify_twilio("other", URL, FORM, SIGNATURE)


def test_twilio_worked_example_json() -> None:
    body = b'{"ok":true}'
    assert verify_twilio(TOKEN, JSON_URL, body, "mD3+EClLAePKXUXTRerjXvYXfwM=")
    assert not verify_twilio(TOKEN, JSON_URL, b'{"ok":false}', "mD3+EClLAePKXUXTRerjXvYXfwM=")
    assert not verify_twilio(TOKEN, JSON_URL.partition("?")[0], body, "mD3+EClLAePKXUXTRerjXvYXfwM=")


def test_twilio_json_keeps_the_query() -> None:
    url = f"{URL}&bodySHA256={hashlib.sha256(b'{}').hexdigest()}"
    assert verify_twilio(TOKEN, url, b"{}", sign_twilio(TOKEN, url))


def test_twilio_repeated_names_sorted_and_deduplicated() -> None:
    assert sign_twilio(TOKEN, URL, [("a", "2"), ("a", "1"), ("a", "2")]) == sign_twilio(TOKEN, URL + "a1a2")


def test_twilio_get_signs_the_url_alone() -> None:
    assert verify_twilio(TOKEN, URL, b"", sign_twilio(TOKEN, URL))


def test_twilio_blank_values_count() -> None:
    assert verify_twilio(TOKEN, URL, b"Body=&From=1", sign_twilio(TOKEN, URL, [("Body", ""), ("From", "1")]))


@pytest.mark.parametrize("signed", ["https://h.test/x", "https://h.test:443/x"])
@pytest.mark.parametrize("called", ["https://h.test/x", "https://h.test:443/x", "https://h.test:8443/x"])
def test_twilio_port_variants(signed: str, called: str) -> None:
    assert verify_twilio(TOKEN, called, FORM, sign_twilio(TOKEN, signed, parse_form(FORM)))


def test_twilio_other_port_refused() -> None:
    assert not verify_twilio(TOKEN, "https://h.test/x", FORM, sign_twilio(TOKEN, "https://h.test:8443/x", parse_form(FORM)))
    assert port_variants("http://u@[::1]:8080/x?y") == [
        "http://u@[::1]:8080/x?y",
        "http://u@[::1]/x?y",
        "http://u@[::1]:80/x?y",
    ]


@pytest.mark.parametrize("header", ["", SIGNATURE[:-1], SIGNATURE.lower(), "é"])
def test_twilio_bad_header(header: str) -> None:
    assert not verify_twilio(TOKEN, URL, FORM, header)


def test_twilio_changed_field_and_too_many_fields() -> None:
    assert not verify_twilio(TOKEN, URL, FORM.replace(b"delivered", b"read"), SIGNATURE)
    assert not verify_twilio(TOKEN, URL, b"&".join([b"a=1"] * 1001), SIGNATURE)
    assert not verify_twilio(TOKEN, "https://h.test:x/", b"", SIGNATURE)


@given(st.binary(max_size=200), st.text(max_size=40), st.text(max_size=60))
def test_any_input_is_only_false(body: bytes, header: str, url: str) -> None:
    assert not verify_meta("s", body, header)
    assert not verify_twilio("s", url, body, header)
