"""Everything that a deployment may set, read once. No other file of api, workers or db reads the environment.

Without `DATABASE_URL` and `VALKEY_URL` the programs use the embedded servers of `DATA_DIR` (see `db/embedded.py`).
`.env.example` documents each name; a test compares the two.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec

LONGEST_LEASE = 300  # seconds


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    database_url: str = ""  # as the application role; empty: embedded
    database_system_url: str = ""  # as the system role; empty: database_url with masteria_system in place of masteria_app
    database_owner_url: str = ""  # for migrations; empty: database_url
    valkey_url: str = ""
    data_dir: Path = Path(".data")
    secret_keys: str = ""  # "id:base64,id:base64"; the first seals, all open
    public_url: str = "http://127.0.0.1:8080"  # where people open the panel
    webhook_url: str = "http://127.0.0.1:8000"  # where providers reach the API, no trailing slash
    api_host: str = "127.0.0.1"
    api_port: int = 8000
    api_workers: int = 1
    ui_port: int = 8080
    sandbox_url: str = "http://127.0.0.1:8790"  # empty switches the sandbox off
    sandbox_port: int = 8790
    sandbox_smtp_port: int = 8791
    sandbox_admin_token: str = ""  # what the sandbox's own API asks for, where it is not on loopback
    graph_url: str = "https://graph.facebook.com"
    graph_version: str = "v25.0"
    meta_app_id: str = ""  # the operator's app, for connecting in Meta's own window; "sandbox": the sandbox plays it; empty: none
    meta_app_secret: str = ""
    meta_config_id: str = ""  # the app's configuration of Facebook Login for Business
    google_client_id: str = ""  # sign-in by Google; "sandbox": the sandbox plays it; empty: none
    google_client_secret: str = ""
    facebook_app_id: str = ""  # sign-in by Facebook; "sandbox" as above
    facebook_app_secret: str = ""
    oidc_issuer: str = ""  # sign-in by an OpenID provider of the operator; "sandbox" as above
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_name: str = ""  # what its button says; empty: the host of the issuer
    twilio_url: str = "https://api.twilio.com"
    twilio_trunking_url: str = "https://trunking.twilio.com"
    twilio_pricing_url: str = "https://pricing.twilio.com"
    retell_url: str = "https://api.retellai.com"
    vapi_url: str = "https://api.vapi.ai"
    ai_allow_local: bool = False  # companies may name AI servers of this network, without TLS too
    webhooks_allow_local: bool = (
        False  # and addresses of this network for webhooks; only where people open the panel on this machine
    )
    webhooks_local_hosts: str = ""  # hosts of this network that webhooks may go to all the same, "n8n.intra,192.168.10.5"
    smtp_url: str = ""  # smtp://user:password@host:587?tls=starttls ; empty: the sandbox catches the mail
    mail_from: str = "Master IA <no-reply@localhost>"
    s3_bucket: str = ""  # empty: files stay in DATA_DIR/blobs
    s3_endpoint_url: str = ""
    s3_region: str = ""
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""
    cloudfront_url: str = ""  # in front of the bucket; empty: the bucket's own signed addresses
    cloudfront_key_id: str = ""
    cloudfront_private_key: str = ""  # PEM, or the path of a file with it
    media_quota_mb: int = 20_000  # of files that one company uploaded for its messages and may keep
    wa_version: str = ""  # of WhatsApp's protocol for numbers connected by a QR code (2.3000.…); empty: the engine's own
    log_level: str = "INFO"
    trusted_proxies: int = 0  # how many proxies in front may set X-Forwarded-For
    metrics_token: str = ""  # Bearer token for /metrics; empty: loopback only
    send_lanes: int = 4  # slices of one channel in flight at once
    send_slice: int = 1024  # messages per slice of a number faster than 2,000 a second
    send_concurrency: int = 64  # requests in flight per slice
    send_timeout: float = 12.0  # seconds for one request; SEND_LEASE must be more than twice as long
    send_lease: float = 60.0  # seconds a claimed slice belongs to its worker; then its outcome is unknown
    pool_size: int = 10

    @property
    def signup_played(self) -> bool:
        """The sandbox plays Meta's window for connecting a number."""
        return self.meta_app_id == "sandbox" and bool(self.sandbox_url)

    @property
    def local(self) -> bool:
        """People open the panel on this machine alone."""
        return urlsplit(self.public_url).hostname in ("127.0.0.1", "localhost", "::1")

    @property
    def webhook_hosts(self) -> frozenset[str]:
        """Hosts of this network that webhooks may go to."""
        return frozenset(host.strip().lower() for host in self.webhooks_local_hosts.split(",") if host.strip())

    @property
    def own_hosts(self) -> frozenset[str]:
        """Names of this installation itself."""
        return frozenset(filter(None, (urlsplit(url).hostname for url in (self.public_url, self.webhook_url))))

    @property
    def connect_timeout(self) -> float:
        """Seconds for a connection to a provider; a request has its own after that."""
        return min(5.0, self.send_timeout / 2)

    @property
    def worker_drain(self) -> float:
        """Seconds in which what is on the wire ends and is written after a worker was asked to stop."""
        return self.connect_timeout + self.send_timeout + 3

    @property
    def worker_stop(self) -> float:
        """Seconds that a worker may take to end; whoever stops it waits for so long."""
        return self.worker_drain + 16

    @property
    def transaction_idle(self) -> float:
        """Seconds that a worker's transaction may stand still. A frozen worker's locks must be gone long before its lease ends and
        policy decides: the statuses that wait for them are the evidence."""
        return self.send_lease / 4

    @property
    def embedded_database(self) -> bool:
        return not self.database_url

    @property
    def system_url(self) -> str:
        """Where the programs log in as the system role. A login that is neither role is kept: it may act as both."""
        return self.database_system_url or re.sub(
            r"(//|[?&]user=)masteria_app(?=[.:@&]|$)", r"\1masteria_system", self.database_url
        )

    @property
    def embedded_valkey(self) -> bool:
        return not self.valkey_url

    @property
    def blob_dir(self) -> Path:
        return self.data_dir / "blobs"

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment: each field by its upper-case name. Raises SystemExit with one sentence on a bad value."""
    source = os.environ if environ is None else environ
    given = {name: source[name.upper()] for name in Settings.__struct_fields__ if source.get(name.upper())}
    if source.get("SANDBOX_URL") == "":
        given["sandbox_url"] = ""
    # Addresses on this machine follow the ports; behind a proxy they are set outright.
    for port, address in (("ui_port", "public_url"), ("api_port", "webhook_url"), ("sandbox_port", "sandbox_url")):
        if port in given and address not in given:
            given[address] = f"http://127.0.0.1:{given[port]}"
    try:
        settings = msgspec.convert(given, Settings, strict=False, dec_hook=lambda t, v: t(v))
    except msgspec.ValidationError as error:
        raise SystemExit(f"A setting in the environment is wrong: {error}. See .env.example.") from None
    if settings.meta_app_id not in ("", "sandbox") and not (settings.meta_app_secret and settings.meta_config_id):
        raise SystemExit(
            "A setting in the environment is wrong: META_APP_ID needs META_APP_SECRET and META_CONFIG_ID beside it. See .env.example."
        )
    _check_pooler(settings)
    _check_sign_in(settings)
    if settings.webhooks_allow_local and not settings.local:
        raise SystemExit(
            "A setting in the environment is wrong: WEBHOOKS_ALLOW_LOCAL would let every company call this network. It is for one machine;"
            " here name the hosts in WEBHOOKS_LOCAL_HOSTS. See .env.example."
        )
    if settings.cloudfront_url and not (settings.s3_bucket and settings.cloudfront_key_id and settings.cloudfront_private_key):
        raise SystemExit(
            "A setting in the environment is wrong: CLOUDFRONT_URL needs S3_BUCKET, CLOUDFRONT_KEY_ID and CLOUDFRONT_PRIVATE_KEY"
            " beside it. See .env.example."
        )
    if not 2 * settings.send_timeout < settings.send_lease <= LONGEST_LEASE:
        raise SystemExit(
            "A setting in the environment is wrong: SEND_LEASE must be more than twice SEND_TIMEOUT, and at most"
            f" {LONGEST_LEASE} seconds. See .env.example."
        )
    return settings


def _check_pooler(settings: Settings) -> None:
    """Raises SystemExit where a pooler's connections would act as somebody else, or migrations go through it."""
    for name, url, role in (
        ("DATABASE_URL", settings.database_url, "masteria_app"),
        ("DATABASE_SYSTEM_URL", settings.system_url, "masteria_system"),
    ):
        address = urlsplit(url)
        query = dict(parse_qsl(address.query))
        if "pooler" not in query:
            continue
        if query["pooler"] != "transaction":
            raise SystemExit(
                f"A setting in the environment is wrong: {name} says pooler={query['pooler']}; known is pooler=transaction. See .env.example."
            )
        if (address.username or query.get("user", "")).partition(".")[0] != role:
            raise SystemExit(
                f"A setting in the environment is wrong: behind a pooler {name} must log in as {role} itself. See .env.example."
            )
        if not settings.database_owner_url or "pooler=" in settings.database_owner_url:
            raise SystemExit(
                "A setting in the environment is wrong: DATABASE_OWNER_URL must lead to Postgres itself, not to its pooler: migrations and"
                " backups need a connection of their own. See .env.example."
            )


def _check_sign_in(settings: Settings) -> None:
    """Raises SystemExit for a provider without its secret, and for one that is played where others could use it: it says whatever one
    asks it to."""
    for name, needed in (
        ("google_client_id", ("google_client_secret",)),
        ("facebook_app_id", ("facebook_app_secret",)),
        ("oidc_issuer", ("oidc_client_id", "oidc_client_secret")),
    ):
        value = getattr(settings, name)
        if value == "sandbox" and not (settings.local and settings.sandbox_url):
            raise SystemExit(
                f"A setting in the environment is wrong: {name.upper()}=sandbox lets anybody in as anybody, so only with a PUBLIC_URL of"
                " this machine, and with the sandbox. See .env.example."
            )
        missing = [one.upper() for one in needed if value not in ("", "sandbox") and not getattr(settings, one)]
        if missing:
            raise SystemExit(
                f"A setting in the environment is wrong: {name.upper()} needs {' and '.join(missing)} beside it. See .env.example."
            )
