"""Connector: what we need of a mini-app platform, whichever it is.

One implementation per platform lies in `platforms/`; the same contract tests run over all of them
(tests/contracts/test_connectors.py). A connector holds no state of ours beside tokens in Redis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class RealName:
    """A verified identity; only platforms with real-name accounts (city super-apps) give one."""

    id_type: str
    id_no: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class PlatformIdentity:
    """Who a one-time code stands for. `user_id` is unique per platform and application."""

    platform: str
    user_id: str = field(repr=False)
    real_name: RealName | None = None
    phone: str | None = field(default=None, repr=False)
    union_id: str | None = field(default=None, repr=False)
    """One per person over all applications of an owner: a hint, no proof of who somebody is."""
    organisation_code: str | None = None
    """The organisation the platform says the person has come for (legal persons at a city app)."""


@dataclass(frozen=True, kw_only=True)
class SubscriptionMessage:
    """A message of a template the platform has approved. `template` is our name for it."""

    user_id: str = field(repr=False)
    template: str
    values: Mapping[str, str]
    page: str
    """The mini-program page a tap opens, without a leading slash."""


class SendOutcome(StrEnum):
    """What became of a message that was well formed."""

    SENT = "sent"
    NO_CONSENT = "no_consent"
    """The user has not subscribed, or has refused. Never tried again."""
    UNKNOWN = "unknown"
    """No answer in time. Not tried again: it would reach the user twice."""


@dataclass(frozen=True, kw_only=True)
class MiniCode:
    """A picture that opens the mini-program."""

    media_type: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Callback:
    """A request the platform made to us, exactly as it came. Header names in lower case."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class PlatformEvent:
    """One thing a callback tells, e.g. that a user gave or withdrew consent."""

    kind: str
    user_id: str | None = field(repr=False)
    data: Mapping[str, str] = field(repr=False)
    key: str = ""
    """Equal for repeated deliveries of the same event; empty where a platform gives none."""


class Connector(Protocol):
    """A mini-app platform."""

    platform: str

    async def exchange_code(self, code: str) -> PlatformIdentity:
        """Spend a sign-in code. Raises CodeRefused, SignInBlocked, PlatformBusy,
        OutcomeUnknown (the code may be spent: ask the client for a new one),
        PlatformUnavailable."""

    async def phone_number(self, code: str) -> str:
        """Spend a phone code: the number without its country code. Raises as exchange_code."""

    async def send_subscription_message(self, message: SubscriptionMessage) -> SendOutcome:
        """Send once. Raises MessageRejected, PlatformBusy, PlatformUnavailable (nothing sent)."""

    async def mini_code(self, *, scene: str, page: str) -> MiniCode:
        """A code that opens `page` with `scene` (1–32 visible ASCII characters, no personal
        data). Raises MessageRejected for a scene the platform cannot carry, PlatformUnavailable."""

    def open_callback(self, callback: Callback) -> list[PlatformEvent]:
        """The events inside a callback. Raises CallbackRefused before anything is parsed when
        the platform's signature does not hold."""

    async def close(self) -> None:
        """Give connections back. Harmless when repeated."""


class Redirecting(Protocol):
    """A platform whose log-in a browser can be sent to and comes back from with a code."""

    def authorize_url(self, *, redirect_uri: str, state: str) -> str:
        """Where to send the browser. `state` is ours, random and used once."""

    async def exchange_page_code(
        self, code: str, *, redirect_uri: str, state: str
    ) -> PlatformIdentity:
        """Spend the code the browser came back with. Raises as exchange_code, GuestIdentity."""


@dataclass(frozen=True, kw_only=True)
class PageSignature:
    """What a page inside the app needs to use its JS-SDK."""

    app_id: str
    nonce: str
    timestamp: int
    signature: str


class PageSigning(Protocol):
    """A platform that lets signed pages use the phone (scan, brightness)."""

    async def sign_page(self, url: str) -> PageSignature:
        """Sign one address of ours. Raises MessageRejected for a host that is not ours."""


class Suggestion(StrEnum):
    """What a content check advises."""

    PASS = "pass"  # noqa: S105 - a verdict
    REVIEW = "review"
    """A person has to look."""
    RISKY = "risky"
    UNCHECKED = "unchecked"
    """The check could not be made just now: ask again, and in the end let a person look."""


class ContentChecking(Protocol):
    """A platform that judges text its users publish."""

    async def check_text(self, text: str, *, user_id: str) -> Suggestion:
        """Never raises: UNCHECKED while the platform cannot be asked."""


class PictureChecking(Protocol):
    """A platform that judges pictures, and tells its verdict later by a callback."""

    async def begin_picture_check(self, url: str, *, user_id: str) -> str:
        """Ask; returns the reference to ask for the verdict by. `url` is https, open to the
        platform for as long as it may take to look. Raises MessageRejected, PlatformBusy,
        PlatformUnavailable (nothing was asked: a person has to look)."""

    async def picture_verdict(self, reference: str) -> Suggestion | None:
        """None while the verdict may still come; REVIEW when it did not come in time."""

    async def note_event(self, event: PlatformEvent) -> None:
        """Hand in a verified event of a callback; those that are no verdict change nothing."""


@runtime_checkable
class Linking(Protocol):
    """A platform that can be opened at a page of ours from elsewhere."""

    async def link(self, *, path: str, query: str, days: int = 7) -> str:
        """An https address, for text messages and e-mails. Raises MessageRejected, PlatformBusy,
        PlatformUnavailable."""

    async def app_link(self, *, path: str, query: str, days: int = 7) -> str:
        """An address of the app's own scheme, for other people's pages. Raises as link."""


class Consent(StrEnum):
    """Whether a user takes messages of a template."""

    ONCE = "once"
    """One more message."""
    LASTING = "lasting"
    NONE = "none"


@runtime_checkable
class Subscribing(Protocol):
    """A platform whose app asks people for their consent to messages of a template."""

    def templates(self) -> Mapping[str, str]:
        """Our template names → the platform's; `*` is the one for every kind of message."""


@runtime_checkable
class ConsentQuerying(Subscribing, Protocol):
    """A platform that tells who has subscribed to what."""

    async def consents(self, user_id: str, *, templates: Sequence[str]) -> Mapping[str, Consent]:
        """Our template names → consent; for templates that are set up. Raises PlatformBusy,
        PlatformUnavailable."""


@dataclass(frozen=True, kw_only=True)
class FaceHandOff:
    """What the app needs to start the platform's face check. `reference` names it to us."""

    reference: str
    params: Mapping[str, str] = field(repr=False)
    seconds: int


class FaceOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    PENDING = "pending"


class FaceChecking(Protocol):
    """A platform that compares a face with the photograph behind an identity number."""

    async def start_face_check(
        self, person: RealName, *, reference: str, user_id: str
    ) -> FaceHandOff:
        """Open a check. `reference` is ours, unique, 5–32 of `[A-Za-z0-9_-]`."""

    async def face_outcome(
        self, hand_off: FaceHandOff, person: RealName, *, user_id: str
    ) -> FaceOutcome:
        """What the platform itself says; the app's own word counts for nothing."""
