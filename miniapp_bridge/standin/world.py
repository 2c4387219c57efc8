"""What the stand-in knows: people, applications, codes, a movable clock, faults and the ledger."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from miniapp_bridge.standin import codec

CODE_SECONDS = 300
TOKEN_SECONDS = 7200
OVERLAP_SECONDS = 300
FORCED_PER_DAY = 20
FORCED_APART = 30

APP_ID = "wx5ta2d1n000000001"
APP_SECRET = "standin-secret-of-the-mini-program"  # noqa: S105 - of a played platform
PUSH_TOKEN = "standinpush"  # noqa: S105
PUSH_KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"
ALIPAY_APP = "2021000000000001"
AES_KEY = "aYA0GP8JEW+D7/UFaskCWA=="
SELLER = "2088000000000001"
MERCHANT = "1900000001"
MERCHANT_SERIAL = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
PAY_SERIAL = "PUB_KEY_ID_0119000000012026112500000000000001"
API_KEY = "standinapikey0123456789abcdefABC"
CITY_CLIENT = "yunjian-standin"
CITY_SECRET = "standin-secret-of-the-city-app"  # noqa: S105
SMS_ACCOUNT, SMS_SECRET = "yunjian", "standin-secret-of-the-sms-gateway"
CASHIER_ACCOUNT, CASHIER_SECRET = "yunjian", "standin-secret-of-the-cashier"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with an account everywhere."""

    key: str
    name: str
    id_no: str
    phone: str

    @property
    def openid(self) -> str:
        return f"oSTANDIN-{self.key}"

    @property
    def open_id(self) -> str:
        return f"01STANDIN{self.key}"


@dataclass(kw_only=True)
class Fault:
    """Something that goes wrong for the next `times` calls of `call`."""

    call: str
    kind: str
    times: int = 1
    value: Any = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """A line of the ledger."""

    name: str
    method: str
    status: int
    fault: str | None


@dataclass(kw_only=True)
class AppToken:
    """The stable access token of the application."""

    value: str = ""
    expires_at: float = 0.0
    forced_at: float = float("-inf")
    forced_today: int = 0
    former: dict[str, float] = field(default_factory=dict)
    """Older tokens and until when they still work."""


@dataclass(kw_only=True)
class Pending:
    """A notice that waits to be delivered."""

    due_at: float
    attempt: int
    deliver: Callable[[], Awaitable[bool]]
    ladder: tuple[float, ...]
    key: str


@dataclass(kw_only=True)
class Keys:
    """RSA keys: ours that the platforms know, and the platforms' own."""

    merchant: Any
    """The program signs with it (WeChat Pay, Alipay)."""
    wechat_pay: Any
    alipay: Any
    city: Any

    @classmethod
    def make(cls) -> "Keys":
        return cls(
            merchant=codec.new_rsa_key(),
            wechat_pay=codec.new_rsa_key(),
            alipay=codec.new_rsa_key(),
            city=codec.new_rsa_key(),
        )

    @classmethod
    def keep(cls, folder: Path) -> "Keys":
        """The keys of a folder, made when they are not there."""
        names = ("merchant", "wechat_pay", "alipay", "city")
        paths = {name: folder / f"{name}.pem" for name in names}
        if all(path.exists() for path in paths.values()):
            return cls(**{n: codec.load_private(path.read_bytes()) for n, path in paths.items()})
        folder.mkdir(parents=True, exist_ok=True)
        keys = cls.make()
        for name, path in paths.items():
            path.touch(mode=0o600)
            path.write_bytes(codec.private_pem(getattr(keys, name)))
        return keys


class World:
    """Everything that is behind the platforms' doors."""

    def __init__(self, keys: Keys, *, clock: Callable[[], float] = time.time) -> None:
        self.keys = keys
        self.people: dict[str, Person] = {}
        self.ledger: list[Call] = []
        self.faults: list[Fault] = []
        self.token = AppToken()
        self.codes: dict[str, dict[str, Any]] = {}
        self.messages: list[dict[str, Any]] = []
        self.sms: list[dict[str, Any]] = []
        self.scenes: list[str] = []
        self.consent_withdrawn: set[str] = set()
        self.templates: dict[str, dict[str, str]] = {}
        self.session_keys: dict[str, str] = {}
        self.faces: dict[str, dict[str, Any]] = {}
        self.links: dict[str, str] = {}
        self.pictures: dict[str, str] = {}
        self.consents: dict[tuple[str, str], str] = {}
        """(open id, template) → `longterm` or `onetime`."""
        self.orders: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.pending: list[Pending] = []
        self.city_kid = "key-1"
        self._clock = clock
        self._offset = 0.0
        self._answered = asyncio.Event()

    def now(self) -> float:
        return self._clock() + self._offset

    def advance(self, seconds: float) -> None:
        self._offset += seconds

    def add_person(self, key: str, *, name: str, id_no: str, phone: str) -> Person:
        person = Person(key=key, name=name, id_no=id_no, phone=phone)
        self.people[key] = person
        return person

    def find(self, **fields: str) -> Person | None:
        """The person with these values, e.g. `openid=`."""
        for person in self.people.values():
            if all(getattr(person, name) == value for name, value in fields.items()):
                return person
        return None

    def new_code(self, kind: str, person: Person, **extra: Any) -> str:
        """A code that is good once and for five minutes."""
        code = secrets.token_urlsafe(18)
        self.codes[code] = {
            "kind": kind,
            "person": person,
            "until": self.now() + CODE_SECONDS,
            "used": False,
            **extra,
        }
        return code

    def spend(self, kind: str, code: str) -> dict[str, Any] | str:
        """What the code stands for, or `unknown`, `used`."""
        kept = self.codes.get(code)
        if kept is None or kept["kind"] != kind or kept["until"] < self.now():
            return "unknown"
        if kept["used"]:
            return "used"
        kept["used"] = True
        return kept

    def fail(self, call: str, kind: str, *, times: int = 1, value: Any = None) -> None:
        self.faults.append(Fault(call=call, kind=kind, times=times, value=value))

    def take_fault(self, call: str) -> Fault | None:
        for fault in self.faults:
            if fault.call == call and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def count(self, call: str) -> int:
        """How often a call came in."""
        return sum(1 for line in self.ledger if line.name == call)

    def stable_token(self, *, force: bool) -> tuple[str, int]:
        """Value and seconds left, by the rules of getStableAccessToken."""
        token, now = self.token, self.now()
        left = token.expires_at - now
        forced = (
            force and now - token.forced_at >= FORCED_APART and token.forced_today < FORCED_PER_DAY
        )
        if forced:
            token.forced_at, token.forced_today = now, token.forced_today + 1
            token.former = {}
            self._new_token(now)
        elif not token.value or left <= OVERLAP_SECONDS:
            if token.value:
                token.former[token.value] = token.expires_at
            self._new_token(now)
        return token.value, int(token.expires_at - now)

    def _new_token(self, now: float) -> None:
        self.token.value = f"AT{secrets.token_hex(40)}"
        self.token.expires_at = now + TOKEN_SECONDS

    def token_fault(self, value: str | None) -> int:
        """The error code for a call with this token; 0 when it is good."""
        if not value:
            return 41001
        if value == self.token.value:
            return 0 if self.token.expires_at > self.now() else 42001
        if value in self.token.former:
            return 0 if self.token.former[value] > self.now() else 42001
        return 40001 if value.startswith("AT") else 40014

    def kill_token(self) -> None:
        """Somebody else forced a new token: ours is not the newest any more."""
        self.token.former = {}
        self._new_token(self.now())

    async def deliver_due(self) -> int:
        """Deliver the notices that are due; those not taken wait for the next step."""
        due = [one for one in self.pending if one.due_at <= self.now()]
        for one in due:
            self.pending.remove(one)
            taken = await one.deliver()
            if not taken and one.attempt < len(one.ladder):
                one.due_at = self.now() + one.ladder[one.attempt]
                one.attempt += 1
                self.pending.append(one)
        return len(due)
