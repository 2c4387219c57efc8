"""Every setting of the system, read once. The only reader of the environment."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.addresses import NO_PROXY, Network, read_networks

ENVIRONMENTS = ("demo", "test", "production")
STAFF_FACTORS = ("optional", "required")
HOST_APPS = ("wechat", "alipay")
SCRIPT = re.compile(r"https://[a-z0-9][a-z0-9.-]*/[A-Za-z0-9_./-]+\.js")
"""It goes into the content security policy as it is."""
MEBIBYTE = 1024 * 1024


class SettingsError(Exception):
    """One or more settings are missing or wrong; the message lists all of them."""


@dataclass(frozen=True)
class Settings:
    """What differs between a laptop, a test and a city. Frozen: parts travel as arguments."""

    environment: str
    """demo (embedded defaults, demo log-ins), test, or production."""

    secret_key: bytes
    """Master key, at least 32 bytes; column encryption, blind indexes and audit MACs derive."""

    previous_secret_keys: tuple[bytes, ...] = field(default=(), repr=False, kw_only=True)
    """Master keys before this one: read, and never written with (`manage.py reencrypt`)."""

    read_old_values: bool = field(default=False, kw_only=True)
    """Whether protected values without key id and context are still read; only for an upgrade."""

    var_dir: Path
    """Folder for everything the program writes when no other place is named."""

    database_url: str
    """Tortoise URL: sqlite://… for the demo, asyncpg://… for a city."""

    redis_url: str | None
    """redis://…; None starts the embedded Valkey."""

    blob_url: str
    """file:///…, s3://bucket/prefix or memory:///."""

    public_url: str
    """Origin under which citizens reach us, without a slash at the end."""

    host: str = "127.0.0.1"
    port: int = 8800
    workers: int = 1
    trusted_proxies: tuple[Network, ...] = ()
    """Networks of the proxies in front of us, whose X-Forwarded-For is believed."""

    session_minutes: int = 30
    """Idle life of a session in minutes; the absolute maximum is in identity/log_in/sessions.py."""

    staff_factor: str = "optional"
    """optional: officers may enrol a second factor; required: without one nothing but enrolment."""

    max_upload_mb: int = 50
    """Upper bound of one uploaded file in MiB, whatever the requirement says."""

    log_key: bytes = field(default=b"", repr=False)
    """Seals the heads of the logs (core/protection/chain_heads.py); empty: derived from
    `secret_key`.
    """

    log_memory: Path | None = None
    """File outside of the database that keeps how far the logs had come; None: in `var_dir`."""

    person_upload_mb: int = 1024
    """What one person may upload within 24 hours, in MiB."""

    case_upload_mb: int = 1024
    """What all files of one case may take, in MiB."""

    unfinished_url: str = ""
    """Bucket of unfinished uploads, `s3://bucket/prefix`; empty: `upload_dir` of this machine."""

    recognition_url: str = ""
    """Service that reads the text of photographs (miniapp_bridge/recognition.py); empty: none."""

    recognition_token: str = field(default="", repr=False)

    clamd_url: str = ""
    """Malware scanner, `tcp://host:3310` or `unix:///path`; empty: none. It must answer, then."""

    relay: bool = True
    """Whether this server tells events and runs timers; False for pure web nodes."""

    connections_per_address: int = 512
    """Connections of one address to one worker that are no live sockets; our proxies' are not
    counted."""

    live_per_address: int = 5000
    """Live connections of one worker from one network address; town halls share one."""

    smtp_urls: str = ""
    """SMTP servers in the order of preference, separated by blanks; empty: no e-mail."""

    mail_from: str = "no-reply@localhost.localdomain"

    webhook_networks: str = ""
    """Inner networks webhooks may lead to, e.g. `10.8.0.0/16`; empty: public addresses only."""

    log_level: str = "INFO"

    platforms_file: Path | None = None
    """TOML with the mini-app platforms, the payment platforms and the text message gateway."""

    host_scripts: tuple[tuple[str, str], ...] = ()
    """App and address of its maker's script, with which our pages open the shell's native pages."""

    enterprise_cas_file: Path | None = None
    """PEM: authorities of enterprise certificates, with their revocation lists. Without it the demo
    takes those of its own authority, and production none."""

    @property
    def demo(self) -> bool:
        return self.environment == "demo"

    @property
    def upload_dir(self) -> Path:
        """Unfinished uploads of this machine, or scratch when these lie in a bucket."""
        return self.var_dir / "uploads"

    @property
    def log_memory_file(self) -> Path:
        return self.log_memory or self.var_dir / "log-memory.json"

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * MEBIBYTE

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, *, demo_by_default: bool = True
    ) -> Settings:
        """Read the variables described in .env.example.

        Without `demo_by_default` the environment has to be named: a city whose file of settings was
        lost must not wake up as a demo with demo log-ins. Raises SettingsError naming every missing
        or unusable variable at once.
        """
        return _Reader(os.environ if environ is None else environ).settings(demo_by_default)


class _Reader:
    """Collects complaints, so that an operator sees all of them in one go."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._complaints: list[str] = []

    def settings(self, demo_by_default: bool) -> Settings:
        default = "demo" if demo_by_default else None
        environment = self._choice("YUNJIAN_ENV", ENVIRONMENTS, default=default)
        production = environment == "production"
        var_dir = Path(self._text("YUNJIAN_VAR", default="var")).resolve()
        host = self._text("YUNJIAN_HOST", default="127.0.0.1")
        port = self._number("YUNJIAN_PORT", default=8800, low=1, high=65535)
        settings = Settings(
            environment=environment,
            secret_key=self._secret("YUNJIAN_SECRET_KEY", var_dir, required=production),
            log_key=self._key("YUNJIAN_LOG_KEY", required=production),
            log_memory=self._path("YUNJIAN_LOG_MEMORY"),
            previous_secret_keys=self._secrets("YUNJIAN_PREVIOUS_SECRET_KEYS"),
            read_old_values=self._choice("YUNJIAN_OLD_VALUES", ("refuse", "read"), default="refuse")
            == "read",
            var_dir=var_dir,
            database_url=self._text(
                "YUNJIAN_DATABASE_URL",
                default=None if production else default_database_url(var_dir),
            ),
            redis_url=self._text("YUNJIAN_REDIS_URL", default=None if production else "") or None,
            blob_url=self._text(
                "YUNJIAN_BLOB_URL", default=None if production else f"file://{var_dir}/blobs"
            ),
            public_url=self._text(
                "YUNJIAN_PUBLIC_URL", default=None if production else f"http://{host}:{port}"
            ).rstrip("/"),
            host=host,
            port=port,
            workers=self._number("YUNJIAN_WORKERS", default=1, low=1, high=64),
            trusted_proxies=self._proxies("YUNJIAN_TRUSTED_PROXIES", required=production),
            session_minutes=self._number("YUNJIAN_SESSION_MINUTES", default=30, low=1, high=720),
            staff_factor=self._choice(
                "YUNJIAN_STAFF_FACTOR",
                ("required",) if production else STAFF_FACTORS,
                default=None if production else "optional",
            ),
            max_upload_mb=self._number("YUNJIAN_MAX_UPLOAD_MB", default=50, low=1, high=2048),
            person_upload_mb=self._number(
                "YUNJIAN_PERSON_UPLOAD_MB", default=1024, low=1, high=1_000_000
            ),
            case_upload_mb=self._number(
                "YUNJIAN_CASE_UPLOAD_MB", default=1024, low=1, high=1_000_000
            ),
            unfinished_url=self._bucket("YUNJIAN_UNFINISHED_URL"),
            recognition_url=self._https("YUNJIAN_RECOGNITION_URL"),
            recognition_token=self._text("YUNJIAN_RECOGNITION_TOKEN", default=""),
            clamd_url=self._clamd("YUNJIAN_CLAMD_URL"),
            relay=self._choice("YUNJIAN_RELAY", ("on", "off"), default="on") == "on",
            connections_per_address=self._number(
                "YUNJIAN_CONNECTIONS_PER_ADDRESS", default=512, low=8, high=1_000_000
            ),
            live_per_address=self._number(
                "YUNJIAN_LIVE_PER_ADDRESS", default=5000, low=1, high=1_000_000
            ),
            smtp_urls=self._smtp("YUNJIAN_SMTP_URLS"),
            mail_from=self._text("YUNJIAN_MAIL_FROM", default="no-reply@localhost.localdomain"),
            webhook_networks=self._networks("YUNJIAN_WEBHOOK_NETWORKS"),
            log_level=self._text("YUNJIAN_LOG_LEVEL", default="INFO"),
            platforms_file=self._path("YUNJIAN_PLATFORMS"),
            host_scripts=self._scripts("YUNJIAN_HOST_SCRIPTS"),
            enterprise_cas_file=self._path("YUNJIAN_ENTERPRISE_CAS"),
        )
        if settings.workers > 1 and settings.database_url.startswith("sqlite"):
            self._complaints.append(
                "YUNJIAN_WORKERS must be 1 with SQLite; use PostgreSQL for more"
            )
        if settings.log_key and settings.log_key == settings.secret_key:
            self._complaints.append("YUNJIAN_LOG_KEY must be another key than YUNJIAN_SECRET_KEY")
        if self._complaints:
            raise SettingsError("; ".join(self._complaints))
        return settings

    def _text(self, name: str, *, default: str | None) -> str:
        value = self._environ.get(name, "").strip()
        if value:
            return value
        if default is None:
            self._complaints.append(f"{name} is not set")
            return ""
        return default

    def _path(self, name: str) -> Path | None:
        text = self._text(name, default="")
        return Path(text).resolve() if text else None

    def _choice(self, name: str, allowed: tuple[str, ...], *, default: str | None) -> str:
        value = self._text(name, default=default)
        if value and value not in allowed:
            self._complaints.append(f"{name} must be one of {', '.join(allowed)}")
        return value

    def _number(self, name: str, *, default: int, low: int, high: int) -> int:
        text = self._text(name, default=str(default))
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            return int(text)
        self._complaints.append(f"{name} must be a whole number from {low} to {high}")
        return default

    def _smtp(self, name: str) -> str:
        text = self._text(name, default="")
        if not all(url.startswith(("smtp://", "smtps://")) for url in text.split()):
            self._complaints.append(f"{name} must be smtps://user:password@host:465 or smtp://…")
        return text

    def _bucket(self, name: str) -> str:
        text = self._text(name, default="")
        if text and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[\w./-]*)?", text):
            self._complaints.append(f"{name} must be s3://bucket/prefix")
        return text

    def _https(self, name: str) -> str:
        text = self._text(name, default="").rstrip("/")
        if text and not re.fullmatch(r"https://[^\s@]+|http://127\.0\.0\.1:\d+", text):
            self._complaints.append(f"{name} must be https://…")
        return text

    def _clamd(self, name: str) -> str:
        text = self._text(name, default="")
        if text and not re.fullmatch(r"tcp://[\w.-]+:\d{1,5}|unix:///.+", text):
            self._complaints.append(f"{name} must be tcp://host:3310 or unix:///path")
        return text

    def _scripts(self, name: str) -> tuple[tuple[str, str], ...]:
        """`wechat=https://… alipay=https://…`"""
        pairs = [pair.partition("=") for pair in self._text(name, default="").split()]
        for app, _, address in pairs:
            if app not in HOST_APPS or not SCRIPT.fullmatch(address):
                self._complaints.append(f"{name} must be wechat=https://….js alipay=https://….js")
        return tuple((app, address) for app, _, address in pairs)

    def _networks(self, name: str) -> str:
        text = self._text(name, default="")
        try:
            for part in filter(None, (part.strip() for part in text.split(","))):
                ipaddress.ip_network(part)
        except ValueError:
            self._complaints.append(f"{name} must be networks such as 10.8.0.0/16, fd00:8::/32")
        return text

    def _proxies(self, name: str, *, required: bool) -> tuple[Network, ...]:
        """Nobody can tell a proxy from a citizen but who set it up: production has to say."""
        text = self._text(name, default="" if required else NO_PROXY)
        if not text:
            self._complaints.append(
                f'{name} is not set: the networks of the proxies in front of this server, or "none"'
            )
            return ()
        try:
            return read_networks(text)
        except ValueError:
            self._complaints.append(
                f'{name} must be networks such as 10.8.0.0/24, fd00:8::/64, or "none"'
            )
            return ()

    def _secrets(self, name: str) -> tuple[bytes, ...]:
        """Keys in base64, separated by blanks, newest first."""
        keys: list[bytes] = []
        for text in self._text(name, default="").split():
            try:
                keys.append(base64.b64decode(text, validate=True))
            except binascii.Error:
                keys.append(b"")
        if any(len(key) < 32 for key in keys):
            self._complaints.append(f"{name} must be base64 of at least 32 bytes each")
        return tuple(keys)

    def _secret(self, name: str, var_dir: Path, *, required: bool) -> bytes:
        key = self._key(name, required=required)
        return key if key or required else kept_secret(var_dir / "secret.key")

    def _key(self, name: str, *, required: bool) -> bytes:
        """The key that is set, b"" without one or with an unusable one."""
        text = self._text(name, default=None if required else "")
        if not text:
            return b""
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error:
            key = b""
        if len(key) < 32:
            self._complaints.append(f"{name} must be base64 of at least 32 bytes")
        return key


def default_database_url(var_dir: Path) -> str:
    """SQLite under `var_dir`; NORMAL saves an fsync per write and is safe with WAL."""
    return (
        f"sqlite://{var_dir}/yunjian.sqlite3?journal_mode=WAL&synchronous=NORMAL&busy_timeout=5000"
    )


def kept_secret(path: Path) -> bytes:
    """A random key that is made once and kept in a file only its owner can read (demo only)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        key = secrets.token_bytes(32)
        file.write(key)
    return key
