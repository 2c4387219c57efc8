"""What the program holds open while it runs, and the list of packages that have tables.

`open_resources` is called once per worker; everything in `Resources` is handed on by name
(`blobs=`, `desk=`), never looked up from below.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from redis.asyncio import Redis

from core import database, offload
from core.database import DATABASE_ERRORS
from core.files.blobs import Blobs
from core.files.malware import Clamd, Scanner
from core.files.parts import Parts, UnsuitableStore
from core.files.recognition import Recogniser
from core.protection import audit, chain_heads, protect
from core.readiness import Question, have_room
from core.settings import Settings, SettingsError
from core.valkey import redis_client
from core.valkey.redis_client import REDIS_ERRORS
from miniapp_bridge.connector import Connector
from miniapp_bridge.payments import open_providers
from miniapp_bridge.payments.provider import PaymentProvider
from miniapp_bridge.platforms import open_connectors, read_configs
from miniapp_bridge.recognition import HttpRecogniser
from push.live.hub import Hub
from push.providers import Outlet, Outlets, Provider
from push.smtp import SmtpProvider
from push.stand_in import StandInSms
from push.webhooks.addresses import read_networks
from push.webhooks.sender import Sender
from signing import SigningError, SoftwareKeyStore, TrustList
from signing.pki.credentials import holder
from signing.pki.key_files import read_private_key
from signing.suites import SM2_SM3
from wallet.desk import Desk
from wallet.intake.upstream import StandIn, Upstream
from wallet.log import alarms

PACKAGES = ("core", "identity", "services.cases", "wallet", "push", "payments")
"""Packages with tables, in the order in which their migrations run."""

KEYS_FILE = "keys.bin"
TRUST_FILE = "trust.bin"


@dataclass
class Resources:
    settings: Settings
    redis: Redis
    blobs: Blobs
    keys: SoftwareKeyStore
    trust: TrustList
    connectors: Mapping[str, Connector]
    providers: Mapping[str, PaymentProvider]
    hub: Hub
    webhooks: Sender = field(default_factory=Sender)
    outlets: Outlets = field(default_factory=Outlets.closed)
    libraries: Mapping[str, Upstream] = field(default_factory=dict)
    """Upstream licence libraries (市电子证照库) by name."""
    certificates: TrustedCertificates | None = None
    """Enterprise certificates; None where none are taken."""
    parts: Parts | None = None
    """The bucket of unfinished uploads; None: they lie in `settings.upload_dir`."""
    recogniser: Recogniser | None = None
    """Reads the text of photographs; None: no service is configured."""
    scanner: Scanner | None = None
    """Looks at every file that arrives; None: no scanner is configured."""

    @property
    def desk(self) -> Desk:
        """What the wallet's acts work with."""
        return Desk(
            keys=self.keys,
            trust=self.trust,
            blobs=self.blobs,
            redis=self.redis,
            public_url=self.settings.public_url,
        )

    async def redis_answers(self) -> bool:
        with contextlib.suppress(*REDIS_ERRORS):
            return bool(await self.redis.ping())
        return False


async def database_answers() -> bool:
    with contextlib.suppress(*DATABASE_ERRORS):
        async with database.transaction() as connection:
            await connection.execute_query("SELECT 1")
        return True
    return False


async def _no_log_alarm() -> bool:
    with contextlib.suppress(*DATABASE_ERRORS):
        return not await alarms.is_any_open()
    return True  # a database that is away is told otherwise


WORRIES: Mapping[str, Question] = {"log-alarms": _no_log_alarm}
"""What operators should look at, told by /api/ready; each says whether all is well."""


def questions(resources: Resources) -> dict[str, Question]:
    """What a server needs for its work, each to be asked now (core/readiness.py)."""
    folders = [resources.settings.var_dir, resources.blobs.folder]

    async def disk() -> bool:
        return await asyncio.to_thread(have_room, [each for each in folders if each is not None])

    return {
        "database": database_answers,
        "redis": resources.redis_answers,
        "blobs": resources.blobs.is_writable,
        "disk": disk,
    }


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Connect to everything, and close it again at the end.

    `settings.redis_url` must be set by now: app.py starts the embedded Valkey before workers do.
    Raises FileNotFoundError when the keys were not made yet (`python manage.py dev-ca`).
    """
    if settings.redis_url is None:
        raise ValueError("no Redis URL: start the embedded Valkey first")
    protect.use_settings(settings)
    chain_heads.use(settings.log_key)
    await database.open_database(settings.database_url, PACKAGES)
    await audit.prepare()
    redis = redis_client.connect(settings.redis_url)
    configs = read_configs(settings)
    connectors = await open_connectors(settings, redis=redis, configs=configs, signers=SIGNERS)
    providers = open_providers(configs, redis=redis)
    folder = signing_folder(settings)
    trust = load_trust(folder)
    certificates = open_certificates(settings, own=trust)
    parts = await open_parts(settings)
    recogniser = open_recogniser(settings)
    webhooks = Sender(allowed=read_networks(settings.webhook_networks))
    try:
        yield Resources(
            settings=settings,
            redis=redis,
            blobs=Blobs.open(settings.blob_url),
            keys=load_keys(folder, settings),
            trust=trust,
            certificates=certificates,
            connectors=connectors,
            providers=providers,
            hub=Hub(),
            webhooks=webhooks,
            outlets=open_outlets(settings, redis=redis),
            libraries=open_libraries(settings),
            parts=parts,
            recogniser=recogniser,
            scanner=Clamd(settings.clamd_url) if settings.clamd_url else None,
        )
    finally:
        await webhooks.close()
        if recogniser is not None:
            await recogniser.close()
        for connector in connectors.values():
            await connector.close()
        for provider in providers.values():
            await provider.close()
        await redis.aclose()
        await database.close_database()
        offload.shut_down()


def open_outlets(settings: Settings, *, redis: Redis) -> Outlets:
    """SMS goes to a stand-in in the demo and nowhere else; a city adds its providers here."""
    sms: tuple[Provider, ...] = (StandInSms(redis),) if settings.demo else ()
    email = tuple(
        SmtpProvider(url, sender=settings.mail_from, name=f"smtp-{place}")
        for place, url in enumerate(settings.smtp_urls.split(), start=1)
    )
    return Outlets(sms=Outlet(sms), email=Outlet(email))


async def open_parts(settings: Settings) -> Parts | None:
    """The bucket of the settings. Raises SettingsError for one that writes parts over."""
    if not settings.unfinished_url:
        return None
    parts = Parts.open(settings.unfinished_url)
    try:
        await parts.prepare()
    except UnsuitableStore:
        raise SettingsError(
            "YUNJIAN_UNFINISHED_URL: the store does not heed If-None-Match; use a folder"
        ) from None
    return parts


def open_recogniser(settings: Settings) -> Recogniser | None:
    """The text recognition of the settings; off where none is named."""
    if not settings.recognition_url:
        return None
    return HttpRecogniser(settings.recognition_url, token=settings.recognition_token)


def open_libraries(settings: Settings) -> dict[str, Upstream]:
    """An empty library in memory in the demo and nowhere else; a city adds its adapter here."""
    return {"stand-in": StandIn()} if settings.demo else {}


def sm2_signer(pem: bytes) -> Callable[[bytes], bytes]:
    """Signs requests to a city app with SM2 over SM3. Raises SettingsError for another key."""
    try:
        suite, secret = read_private_key(pem)
    except SigningError as refusal:
        raise SettingsError(f"city: key_file: {refusal}") from None
    if suite is not SM2_SM3:
        raise SettingsError(f"city: key_file: {suite.name} is not sm2-sm3")
    return functools.partial(suite.sign, secret)


@dataclass(frozen=True)
class TrustedCertificates:
    """Checks enterprise certificates against a list of authorities
    (identity/log_in/certificates.py).
    """

    trust: TrustList

    def names(
        self, chain: Sequence[bytes], *, message: bytes, signature: bytes, at: datetime
    ) -> tuple[str, ...] | None:
        found = holder(chain, message=message, signature=signature, trust=self.trust, at=at)
        return None if found is None else tuple(value for _, value in found.subject_names)


def open_certificates(settings: Settings, *, own: TrustList) -> TrustedCertificates | None:
    """The authorities of the settings; the demo's own one outside of production, else none.

    Raises SettingsError for a file that cannot be read.
    """
    if settings.enterprise_cas_file is None:
        return None if settings.environment == "production" else TrustedCertificates(own)
    try:
        return TrustedCertificates(TrustList.from_bytes(settings.enterprise_cas_file.read_bytes()))
    except (OSError, SigningError) as problem:
        raise SettingsError(f"YUNJIAN_ENTERPRISE_CAS: {problem}") from None


SIGNERS = {"sm2": sm2_signer}
"""What a profile may name as `hook`; a city with a key in hardware adds its own."""


def signing_folder(settings: Settings) -> Path:
    """Where the software key store and the trust list lie."""
    return settings.var_dir / "signing"


def key_passphrase(settings: Settings) -> bytes:
    """What the software key store is encrypted under, derived from the master key."""
    return protect.derive(settings.secret_key, b"key-store", 32).hex().encode()


def load_keys(folder: Path, settings: Settings) -> SoftwareKeyStore:
    """The software key store, also while it still lies under a previous master key."""
    blob = (folder / KEYS_FILE).read_bytes()
    for previous in settings.previous_secret_keys:
        with contextlib.suppress(SigningError):
            former = replace(settings, secret_key=previous)
            return SoftwareKeyStore.from_bytes(blob, passphrase=key_passphrase(former))
    return SoftwareKeyStore.from_bytes(blob, passphrase=key_passphrase(settings))


def load_trust(folder: Path) -> TrustList:
    return TrustList.from_bytes((folder / TRUST_FILE).read_bytes())
