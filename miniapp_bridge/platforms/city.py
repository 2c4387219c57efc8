"""The city app: OpenID Connect, OAuth2 code, ticket or (if it must be) token, by its profile.

A ticket or code is good once here too, whatever the app's server thinks of repetitions. State, PKCE
verifier and nonce hang together: the last two are derived from the state, which the browser's
cookie holds, so that a code stolen from an address bar is worth nothing.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from core import clock
from core.protection.protect import derive
from core.settings import Settings, SettingsError
from miniapp_bridge.breaker import Breaker
from miniapp_bridge.city import id_token, profile
from miniapp_bridge.city.profile import Profile
from miniapp_bridge.client import Answer, Headers, Outgoing, PlatformClient, Retry
from miniapp_bridge.config import PlatformConfigs, read_file
from miniapp_bridge.connector import (
    Callback,
    Connector,
    MiniCode,
    PlatformEvent,
    PlatformIdentity,
    SendOutcome,
    SubscriptionMessage,
)
from miniapp_bridge.errors import (
    BadAnswer,
    CallbackRefused,
    CodeRefused,
    NotOffered,
    PlatformMisconfigured,
)
from miniapp_bridge.meter import Meter

if TYPE_CHECKING:
    from redis.asyncio import Redis

PLATFORM = "city"
CODE_LONGEST = 2048

SignHook = Callable[[bytes], bytes]
"""Signs the canonical request, e.g. with SM2."""

Signers = Mapping[str, Callable[[bytes], SignHook]]
"""Name in the profile → maker of a hook from a private key's file; raises SettingsError for a key
it cannot use. The program's start hands them in: SM2 lies in a package this one may not import."""


async def open_connector(
    settings: Settings, configs: PlatformConfigs, *, redis: "Redis", signers: Signers | None = None
) -> Connector | None:
    """The connector, or None where no city app is set up. Raises SettingsError."""
    if configs.city is None:
        return None
    key = derive(settings.secret_key, b"city-state", 32)
    chosen = profile.read(configs.city)
    hook = _hook(chosen, configs, signers or {})
    return CityConnector(chosen, redis=redis, state_key=key, hook=hook)


def _hook(chosen: Profile, configs: PlatformConfigs, signers: Signers) -> SignHook | None:
    if chosen.client_auth != "hook":
        return None
    if chosen.key_file is None:
        raise SettingsError("city: client_auth hook needs key_file")
    maker = signers.get(chosen.hook)
    if maker is None:
        raise SettingsError(f"city: no signer {chosen.hook}; there are {', '.join(signers)}")
    return maker(read_file(configs, chosen.key_file))


class CityConnector:
    """See the module."""

    platform = PLATFORM

    def __init__(
        self,
        profile: Profile,
        *,
        redis: "Redis",
        state_key: bytes,
        hook: SignHook | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self.meter = Meter(redis, PLATFORM)
        self._profile = profile
        self._redis = redis
        self._state_key = state_key
        self._hook = hook
        self._keys: id_token.Keys = {}
        # The profile names whole addresses, each of its own host.
        self._client = PlatformClient("", breaker=breaker, meter=self.meter)

    @property
    def code_parameter(self) -> str:
        """What the app calls its code, ticket or token in our address."""
        return self._profile.code_param

    async def exchange_code(self, code: str) -> PlatformIdentity:
        """A ticket or token the app put into our address; a redirect's code needs its state too."""
        if self._profile.kind == "oidc":
            raise CodeRefused(vendor_code="no-state")
        return await self._exchange(code, {})

    def authorize_url(self, *, redirect_uri: str, state: str) -> str:
        if not self._profile.authorize_url:
            raise NotOffered()
        query = {
            "response_type": "code",
            "client_id": self._profile.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile",
            "state": state,
        }
        if self._profile.kind == "oidc":
            digest = hashlib.sha256(self._derived(state, b"verifier").encode()).digest()
            query |= {
                "nonce": self._derived(state, b"nonce"),
                "code_challenge": _base64url(digest),
                "code_challenge_method": "S256",
            }
        return f"{self._profile.authorize_url}?{urlencode(query)}"

    async def exchange_page_code(
        self, code: str, *, redirect_uri: str, state: str
    ) -> PlatformIdentity:
        fields = {"redirect_uri": redirect_uri}
        if self._profile.kind != "oidc":
            return await self._exchange(code, fields)
        fields["code_verifier"] = self._derived(state, b"verifier")
        await self._use_once(code)
        answer = await self._ask(
            self._profile.token_url,
            {"grant_type": "authorization_code", "code": code, **fields},
            retry=Retry.ONCE,
        )
        claims = await self._verified(str(answer.get("id_token", "")), state)
        return profile.identity(self._profile, claims)

    async def phone_number(self, code: str) -> str:
        raise NotOffered()

    async def send_subscription_message(self, message: SubscriptionMessage) -> SendOutcome:
        """City apps take no messages from us: the person is told by the other channels."""
        return SendOutcome.NO_CONSENT

    async def mini_code(self, *, scene: str, page: str) -> MiniCode:
        raise NotOffered()

    def open_callback(self, callback: Callback) -> list[PlatformEvent]:
        raise CallbackRefused()

    async def close(self) -> None:
        await self._client.close()

    async def _exchange(self, code: str, fields: Mapping[str, str]) -> PlatformIdentity:
        """Code or ticket → access token → fields of the person.

        A token that came in the address is good once here, however often it is there.
        """
        await self._use_once(code)
        in_url = self._profile.kind == "token_in_url"
        token = code if in_url else await self._token(code, fields)
        answer = await self._ask(
            self._profile.userinfo_url, {"access_token": token}, retry=Retry.READ
        )
        try:
            fields_of_person = profile.fields_of(self._profile, answer)
        except BadAnswer:
            # The app says that it does not know the token: for the person, a spent code.
            if in_url:
                raise CodeRefused(vendor_code="token") from None
            raise
        return profile.identity(self._profile, fields_of_person)

    async def _token(self, code: str, fields: Mapping[str, str]) -> str:
        answer = await self._ask(
            self._profile.token_url,
            {"grant_type": "authorization_code", "code": code, **fields},
            retry=Retry.ONCE,
        )
        token = profile.fields_of(self._profile, answer).get("access_token")
        if not token:
            raise CodeRefused(vendor_code="no-token")
        return str(token)

    async def _use_once(self, code: str) -> None:
        """Raises CodeRefused for a code that was here before, or cannot be one."""
        if not 0 < len(code) <= CODE_LONGEST or not code.isprintable():
            raise CodeRefused(vendor_code="implausible")
        digest = hashlib.sha256(code.encode()).hexdigest()
        fresh = await self._redis.set(
            f"city:used:{digest}", "1", nx=True, ex=2 * self._profile.ticket_seconds
        )
        if not fresh:
            raise CodeRefused(vendor_code="replayed")

    async def _ask(self, url: str, fields: Mapping[str, str], *, retry: Retry) -> dict[str, Any]:
        names = self._profile.names
        sent = {names.get(name, name): value for name, value in fields.items()}
        sent |= self._profile.static
        if self._profile.client_auth == "post":
            sent |= {"client_id": self._profile.client_id, "client_secret": self._profile.secret}
        place = {"form": "form", "json": "body", "query": "query"}[self._profile.params_in]
        answer: Answer = await self._client.call(
            "GET" if place == "query" else "POST",
            url,
            retry=retry,
            name=urlsplit(url).path,
            headers=self._headers(),
            **{place: sent},  # type: ignore[arg-type]
        )
        if answer.status in (400, 401, 403):
            raise CodeRefused(vendor_code=str(answer.status))
        return answer.json()

    def _headers(self) -> Headers:
        method = self._profile.client_auth
        if method == "basic":
            pair = f"{self._profile.client_id}:{self._profile.secret}".encode()
            return lambda _: {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        if method == "post":
            return lambda _: {}
        return self._signed_headers

    def _signed_headers(self, outgoing: Outgoing) -> dict[str, str]:
        """Method, path, key, time, SHA-256 of the body: under HMAC-SHA256 or the hook (SM2)."""
        at = str(int(clock.now().timestamp()))
        parts = urlsplit(outgoing.target)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        digest = hashlib.sha256(outgoing.data or b"").hexdigest()
        text = "\n".join((outgoing.method, target, self._profile.client_id, at, digest)).encode()
        if self._profile.client_auth == "hmac":
            signature = hmac.new(self._profile.secret.encode(), text, hashlib.sha256).digest()
        elif self._hook is not None:
            signature = self._hook(text)
        else:
            raise PlatformMisconfigured("city: client_auth is hook, but no hook was handed in")
        return {
            "X-Access-Key": self._profile.client_id,
            "X-Access-Time": at,
            "X-Access-Signature": base64.b64encode(signature).decode(),
        }

    async def _verified(self, token: str, state: str) -> dict[str, Any]:
        """The claims of an ID token; the issuer's keys are read again when one is new."""
        for fresh in (False, True):
            if fresh or not self._keys:
                answer = await self._client.call("GET", self._profile.jwks_url, retry=Retry.READ)
                self._keys = id_token.read_keys(answer.json())
            try:
                return id_token.verify(
                    token,
                    keys=self._keys,
                    issuer=self._profile.issuer,
                    audience=self._profile.client_id,
                    nonce=self._derived(state, b"nonce"),
                    at=clock.now().timestamp(),
                )
            except id_token.UnknownKey:
                continue
            except id_token.TokenRefused:
                break
        raise CodeRefused(vendor_code="id-token")

    def _derived(self, state: str, purpose: bytes) -> str:
        digest = hmac.new(self._state_key, purpose + b"\x00" + state.encode(), hashlib.sha256)
        return _base64url(digest.digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
