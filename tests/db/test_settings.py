"""The environment becomes Settings, or one sentence."""

from pathlib import Path

import pytest

from db.embedded import locate
from db.settings import Settings, load
from db.up.supervisor import program


def test_nothing_set_means_the_embedded_servers() -> None:
    settings = load({})
    assert settings == Settings()
    assert settings.embedded_database
    assert settings.embedded_valkey
    assert settings.blob_dir == Path(".data/blobs")


def test_names_are_upper_case_and_values_are_converted() -> None:
    settings = load(
        {"DATABASE_URL": "postgresql://db/x", "UI_PORT": "9090", "DATA_DIR": "/srv/data", "POOL_SIZE": "", "OTHER": "1"}
    )
    assert (settings.database_url, settings.ui_port, settings.data_dir) == ("postgresql://db/x", 9090, Path("/srv/data"))
    assert settings.pool_size == Settings().pool_size
    assert not settings.embedded_database


def test_an_empty_sandbox_address_switches_it_off() -> None:
    assert load({"SANDBOX_URL": ""}).sandbox_url == ""


@pytest.mark.parametrize("environ", [{"UI_PORT": "web"}, {"API_WORKERS": "1.5"}])
def test_a_wrong_value_is_one_sentence(environ: dict[str, str]) -> None:
    with pytest.raises(SystemExit, match=r"wrong.*\.env\.example"):
        load(environ)


@pytest.mark.parametrize("environ", [{"SEND_LEASE": "24"}, {"SEND_LEASE": "301"}, {"SEND_TIMEOUT": "31"}])
def test_a_lease_must_outlast_its_requests_and_end_within_the_portfolios_window(environ: dict[str, str]) -> None:
    with pytest.raises(SystemExit, match="SEND_LEASE"):
        load(environ)


def test_a_program_without_servers_says_how_to_start_them(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="just up"):
        locate(Settings(data_dir=tmp_path))
    given = Settings(data_dir=tmp_path, database_url="postgresql://x/y", valkey_url="valkey://z")
    assert locate(given) is given


def test_whoever_stops_a_worker_waits_for_what_it_has_on_the_wire() -> None:
    """A request that is slow to connect and slow to answer, its result, and the end of the process."""
    settings = Settings(send_timeout=20.0, send_lease=60.0)
    waits = program("workers", settings, {}).drain
    assert waits > settings.worker_drain + 10 > settings.send_timeout + settings.connect_timeout + 10


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"GOOGLE_CLIENT_ID": "x"}, "GOOGLE_CLIENT_SECRET"),
        ({"FACEBOOK_APP_ID": "x"}, "FACEBOOK_APP_SECRET"),
        ({"OIDC_ISSUER": "https://id.example.com", "OIDC_CLIENT_ID": "x"}, "OIDC_CLIENT_SECRET"),
        ({"GOOGLE_CLIENT_ID": "sandbox", "PUBLIC_URL": "https://painel.example.com"}, "anybody in as anybody"),
        ({"OIDC_ISSUER": "sandbox", "PUBLIC_URL": "http://192.168.0.7:8080"}, "anybody in as anybody"),
        ({"FACEBOOK_APP_ID": "sandbox", "SANDBOX_URL": ""}, "anybody in as anybody"),
    ],
)
def test_a_provider_that_lacks_something_or_believes_everybody_is_refused(environ: dict[str, str], said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        load(environ)


def test_addresses_of_a_network_are_not_opened_to_companies_by_accident() -> None:
    assert load({"WEBHOOKS_ALLOW_LOCAL": "true"}).webhooks_allow_local
    with pytest.raises(SystemExit, match="WEBHOOKS_LOCAL_HOSTS"):
        load({"WEBHOOKS_ALLOW_LOCAL": "true", "PUBLIC_URL": "https://panel.example.com"})
    named = load({"WEBHOOKS_LOCAL_HOSTS": "N8N.intra, 192.168.10.5", "PUBLIC_URL": "https://panel.example.com"})
    assert named.webhook_hosts == {"n8n.intra", "192.168.10.5"}
    assert named.own_hosts >= {"panel.example.com"}
