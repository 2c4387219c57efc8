"""Who lives in the city and what happened on which day: pure arithmetic over running numbers.

Person, case and licence number `n` belong together more or less; every fact follows from the
number, so that blocks of people are written side by side and in any order. What is skewed in a
real city is skewed here: few people have many cases, one organisation has thousands, departments
differ by the number of their items.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from identity.numbers import credit_check, identity_check, organisation_check

DAYS = 1096
"""Three years; the looks must not be older than the log keeps them."""
OLDEST_LOOK = 1090
LOOKS = 10
"""Looks for each licence."""
BLOCK = 10_000
PEOPLE_PER_ORGANISATION = 20
WHOLE_EVERY = 10
"""In a large city the depth (licences, timelines, files, inbox) of every tenth person is truly
encrypted, the rest of it holds texts of the right length that open nowhere. Cases and people are
always true, and everything of the first block, which has the richest."""
ALL_WHOLE = 20_000
"""In a city up to this size everything is."""

_GOLDEN = 0.6180339887498949
_STEP = 389
"""Coprime to DAYS: neighbouring cases lie days apart."""
_APART = 29
"""So many days lie between the first cases of two items: a small city is of all ages, too."""
_CODES = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FIRST_ORGANISATION = 10 * 31**3
_BIRTHDAYS = 20_000
_FIRST_BIRTHDAY = date(1950, 1, 1)
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉梅建国志文"
_MIXED = 0x9E3779B97F4A7C15F39CC0605CEDC835
_TAIL_BITS = 116
_KINDS = {
    name: f"{number:02x}"
    for number, name in enumerate(
        (
            "account", "bill", "call", "case", "check", "conversation", "delivery", "event",
            "file", "licence", "look", "material", "message", "notice", "order", "organisation",
            "person", "relation", "request", "session", "signature", "supplement", "timeline",
            "upload", "verification", "change", "grant", "picture", "entry", "record",
        )
    )
}  # fmt: skip


def ident(kind: str, n: int, place: int = 0) -> str:
    """The id of row `n` of a kind (of its part `place`, below 16).

    Scattered as random ones are within their kind, and found again by the number.
    """
    return f"{_KINDS[kind]}{place:x}{_tail(n)}"


@lru_cache(maxsize=4 * BLOCK)
def _tail(n: int) -> str:
    text = f"{(n * _MIXED) & ((1 << _TAIL_BITS) - 1):029x}"
    return f"{text[:5]}-{text[5:9]}-{text[9:13]}-{text[13:17]}-{text[17:]}"


def digest(kind: str, n: int, place: int = 0) -> str:
    """64 hexadecimal characters that stand for the digest of something nobody opens."""
    return f"{_flat(n)}{_KINDS[kind]}{place:02x}"


@lru_cache(maxsize=64)
def _flat(n: int) -> str:
    return f"{(n * _MIXED * 3) & ((1 << 240) - 1):060x}"


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day so many days before the city was made, as text, and its first second (UTC)."""

    text: str
    begin: int


@dataclass(frozen=True)
class Recipe:
    """How large the city is and the day on which it was made."""

    people: int
    today: date

    def day(self, age: int) -> Day:
        """`age` days ago; negative: to come."""
        when = self.today - timedelta(days=age)
        begin = datetime(when.year, when.month, when.day, tzinfo=UTC)
        return Day(text=when.isoformat(), begin=int(begin.timestamp()))

    def is_whole(self, person: int) -> bool:
        return self.people <= ALL_WHOLE or person % WHOLE_EVERY == 0 or person < BLOCK

    def age_of_case(self, n: int, items: int) -> int:
        """How many days ago case `n` was handed in."""
        return ((n // items) * _STEP + n % items * _APART) % DAYS

    def serial_of_case(self, n: int, items: int) -> int:
        """The case's number among those of its item on its day, from 1."""
        return n // items // DAYS + 1

    @property
    def blocks(self) -> range:
        return range(0, self.people, BLOCK)


def skewed(n: int, size: int) -> int:
    """A place below `size`, low ones far more often: who has many cases."""
    share = n * _GOLDEN % 1.0
    return int(size * share * share)


@lru_cache(maxsize=2 * BLOCK)
def name_of(person: int) -> str:
    given = len(_GIVEN)
    first, second = _GIVEN[person // 30 % given], _GIVEN[person // 900 % given]
    return f"{_SURNAMES[person % 30]}{first}{second}"


@lru_cache(maxsize=2 * BLOCK)
def identity_no(person: int) -> str:
    """A synthetic number: division 310199 is not in use, and the demo's people end below 200."""
    birthday = _FIRST_BIRTHDAY + timedelta(days=person % _BIRTHDAYS)
    body = f"310199{birthday:%Y%m%d}{person // _BIRTHDAYS + 200:03d}"
    return body + identity_check(body)


def credit_code(organisation: int) -> str:
    """A synthetic one, with letters where the demo's have digits."""
    rest, digits = organisation + _FIRST_ORGANISATION, ""
    for _ in range(4):
        rest, place = divmod(rest, len(_CODES))
        digits = _CODES[place] + digits
    body = f"FAKE{digits}"
    body = f"91310117{body}{organisation_check(body)}"
    return body + credit_check(body)


def organisation_name(organisation: int) -> str:
    return f"云间示例第{organisation}有限公司"


TIMES = tuple(
    f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}+00:00"
    for second in range(3600, 9 * 3600)
)
"""The seconds of an office day, 9 to 17 o'clock in Shanghai."""
FIRST_SECOND = 3600
