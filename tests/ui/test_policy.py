"""Whose scripts run where: Meta's only on the pages that connect a number, and only where the operator set an app."""

import pytest

from ui.policy import policy
from ui.settings import META, Settings, _listen_origins, _signup_origin


def _directive(text: str, name: str) -> str:
    return next((part for part in text.split("; ") if part.startswith(f"{name} ")), "")


@pytest.mark.parametrize("path", ["/", "/channels", "/campaigns/new"])
def test_no_other_page_runs_a_providers_script(path: str) -> None:
    text = policy(Settings(signup_origin=META), "n", path)
    assert text == policy(Settings(), "n", path) == policy(Settings(), "n", "/channels/connect")
    assert "facebook" not in text


def test_the_pages_that_connect_allow_what_metas_window_needs() -> None:
    text = policy(Settings(signup_origin=META), "n", "/channels/connect/whatsapp")
    assert _directive(text, "script-src").endswith(" https://connect.facebook.net")
    assert "https://graph.facebook.com" in _directive(text, "connect-src")
    assert "https://www.facebook.com" in _directive(text, "frame-src")
    played = policy(Settings(signup_origin="http://127.0.0.1:8790"), "n", "/channels/connect")
    assert _directive(played, "script-src").endswith(" http://127.0.0.1:8790")
    assert "facebook" not in played


def test_the_app_decides_whose_script_it_is() -> None:
    assert _signup_origin("", "http://127.0.0.1:8790") == ""
    assert _signup_origin("sandbox", "http://127.0.0.1:8790/") == "http://127.0.0.1:8790"
    assert _signup_origin("sandbox", "") == ""
    assert _signup_origin("1234567890", "http://127.0.0.1:8790") == META


def test_calls_that_go_on_are_heard_where_providers_play_them() -> None:
    text = policy(Settings(listen_origins=_listen_origins("http://127.0.0.1:8790/x")), "n", "/calls/1")
    assert {"wss://*.vapi.ai", "ws://127.0.0.1:8790"} <= set(_directive(text, "connect-src").split())
    assert _listen_origins("") == _listen_origins("http://a b; script-src *") == ("wss://*.vapi.ai",)
