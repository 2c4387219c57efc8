"""Status lists and the list of signers, as readers without login fetch them.

Every licence has a place in a list of 2^17 (IETF Token Status List), drawn at random once. Licences
older than that get theirs at the first use. An edition is signed when somebody asks and kept in
Redis until a state changes or a few minutes have passed; the register stays the truth. While the
signing key is away the last edition is served until its time to live is over.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from redis.asyncio import Redis
from tortoise.expressions import Subquery

from core import clock, database
from signing import KeyUnavailable, Outcome, TrustList
from signing.keys import LISTS_KEY
from signing.passes import readerlist, statuslist
from signing.passes.readerlist import Signer, SignerState
from signing.passes.statuslist import Status, StatusList, StatusToken
from signing.pki import certificates, chains
from signing.report.policy import DEFAULT_POLICY
from wallet.desk import Desk
from wallet.errors import ListsNotReady, StatusListNotFound
from wallet.models import Licence, Seal, StateChange, StatusEntry
from wallet.register.listed import STATUSES, note_state, status_of
from wallet.types.validity import LicenceState

MEDIA_TYPE = statuslist.CONTENT_TYPE
SIGNERS_MEDIA_TYPE = readerlist.CONTENT_TYPE
STREAM = "status-lists"
"""The live stream that tells counters which lists have changed."""
TTL = statuslist.TTL
FULL = statuslist.SIZE // 2
"""A list that is half full takes no more: the next draw stays short, and a crowd remains."""
FRESH = timedelta(minutes=5)
"""An edition older than this is made anew, so that its date says how recent the evidence is."""
OLDEST_PAST = timedelta(days=3660)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A licence's place: the number of its list and the index in it."""

    list_no: int
    place: int


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A signed list as it is served."""

    data: bytes
    made_at: datetime

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.data).hexdigest()[:20]}"'


async def reference(licence_id: UUID) -> Reference:
    """The place of a licence, drawn now if it has none yet."""
    return (await references([licence_id]))[licence_id]


async def references(licence_ids: Sequence[UUID]) -> dict[UUID, Reference]:
    """The places of many licences; those without one get theirs. Safe inside a transaction.

    A draw that meets a taken place, or a licence that another worker placed meanwhile, is simply
    not stored; the licence is looked up again and drawn again until it stands somewhere.
    """
    while True:
        rows = await StatusEntry.filter(licence_id__in=list(licence_ids))
        found = {row.licence_id: Reference(list_no=row.list_no, place=row.place) for row in rows}
        missing = [one for one in licence_ids if one not in found]
        if not missing:
            return found
        list_no = await _open_list(len(missing))
        places = secrets.SystemRandom().sample(range(statuslist.SIZE), min(len(missing), FULL))
        drawn = [
            StatusEntry(licence_id=licence_id, list_no=list_no, place=place)
            for licence_id, place in zip(missing, places, strict=False)
        ]
        async with database.transaction():
            # Locked, so that no change of state slips between the question and the entry.
            licences = Licence.filter(id__in=missing).order_by("id").only("id", "state")
            states = {row.id: row.state for row in await licences.select_for_update()}
            for entry in drawn:
                entry.status = status_of(states.get(entry.licence_id, LicenceState.VALID)).value
            await StatusEntry.bulk_create(drawn, ignore_conflicts=True, batch_size=500)


async def find_licence(list_no: int, place: int) -> Licence | None:
    """Whose place this is."""
    entry = await StatusEntry.get_or_none(list_no=list_no, place=place)
    return None if entry is None else await Licence.get_or_none(id=entry.licence_id)


async def newest_list() -> int:
    """The highest number in use; the first list is there before anything stands in it."""
    row = await StatusEntry.all().order_by("-list_no").first()
    return 1 if row is None else int(row.list_no)


async def edition(number: int, *, desk: Desk) -> Edition:
    """The list as it is now. Raises StatusListNotFound, ListsNotReady."""
    await _insist_on_list(number)

    async def make(at: datetime) -> bytes:
        content = StatusList.of(await _statuses_now(number))
        return await _sign_statuses(content, number, at=at, desk=desk)

    return await _kept(f"{number}", make, redis=desk.redis)


async def past_edition(number: int, moment: datetime, *, desk: Desk) -> Edition:
    """The list as it was at a moment, as far as the register knows; signed with that date.

    Raises StatusListNotFound, also for a moment to come; ListsNotReady.
    """
    now = clock.now()
    if not now - OLDEST_PAST <= moment <= now:
        raise StatusListNotFound()
    await _insist_on_list(number)
    content = StatusList.of(await _statuses_at(number, moment))
    data = await _sign_statuses(content, number, at=moment, desk=desk)
    return Edition(data=data, made_at=moment)


async def signers_edition(*, desk: Desk) -> Edition:
    """Who signs passes and lists. The sequence number is the time of making in milliseconds."""

    async def make(at: datetime) -> bytes:
        lists = await desk.keys.certificate(LISTS_KEY)
        signers = [_signer(lists, (readerlist.LISTS,), desk.trust, at)]
        signers += [
            _signer(der, (readerlist.PASSES,), desk.trust, at) for der in await pass_certificates()
        ]
        unsigned = readerlist.begin_list(
            signers,
            sequence=int(at.timestamp() * 1000),
            at=at,
            signer_certificate=lists,
        )
        return unsigned.complete(await desk.keys.sign(LISTS_KEY, unsigned.to_sign))

    return await _kept(f"signers:{desk.trust.digest}", make, redis=desk.redis)


async def pass_certificates() -> list[bytes]:
    """The certificates of every seal there ever was: an older pass may still be shown."""
    rows = await Seal.all().order_by("created_at", "id").values_list("certificate", flat=True)
    return list(dict.fromkeys(bytes(der) for der in rows))


async def renew(licence_ids: Iterable[UUID], *, redis: Redis) -> list[int]:
    """Have the lists of these licences made anew at the next request; their numbers."""
    rows = await StatusEntry.filter(licence_id__in=list(licence_ids))
    numbers = sorted({row.list_no for row in rows})
    for number in numbers:
        await redis.incr(_turn_key(f"{number}"))
    return numbers


async def renew_after(licence_id: UUID, *, redis: Redis) -> list[int]:
    """`renew` for a licence whose state changed, or the one that it replaces.

    What an older release changed, serving beside this one, did not reach its place: it does here.
    """
    licence = await Licence.get_or_none(id=licence_id)
    if licence is None:
        return []
    await note_state(licence.id, licence.state)
    changed = [licence.id] if licence.previous_id is None else [licence.id, licence.previous_id]
    return await renew(changed, redis=redis)


@lru_cache(maxsize=16)
def read_token(data: bytes) -> StatusToken:
    """An edition of our own, read; the same bytes are unpacked once."""
    return statuslist.parse_token(data)


async def _open_list(wanted: int) -> int:
    newest = await newest_list()
    taken = await StatusEntry.filter(list_no=newest).count()
    return newest if taken == 0 or taken + wanted <= FULL else newest + 1


async def _insist_on_list(number: int) -> None:
    if not 1 <= number <= await newest_list():
        raise StatusListNotFound()


async def _statuses_now(number: int) -> dict[int, Status]:
    """Place → status of everything in the list that is not simply valid."""
    changed = StatusEntry.filter(list_no=number, status__gt=Status.VALID.value)
    rows = await changed.values_list("place", "status")
    return {int(place): Status(status) for place, status in rows}


async def _statuses_at(number: int, moment: datetime) -> dict[int, Status]:
    """The same for a moment in the past, from the record of changes: the last one before it."""
    members = StatusEntry.filter(list_no=number)
    changes = StateChange.filter(
        at__lte=moment, licence_id__in=Subquery(members.values("licence_id"))
    )
    last = dict(await changes.order_by("at", "id").values_list("licence_id", "after"))
    places = await members.filter(
        licence_id__in=Subquery(StateChange.filter(at__lte=moment).values("licence_id"))
    ).values_list("licence_id", "place")
    return {int(place): STATUSES[last[one]] for one, place in places if last.get(one) in STATUSES}


async def _sign_statuses(content: StatusList, number: int, *, at: datetime, desk: Desk) -> bytes:
    try:
        unsigned = statuslist.begin_token(
            content,
            uri=f"{desk.public_url}/api/status-lists/{number}",
            at=at,
            signer_certificate=await desk.keys.certificate(LISTS_KEY),
        )
        return unsigned.complete(await desk.keys.sign(LISTS_KEY, unsigned.to_sign))
    except KeyUnavailable:
        raise ListsNotReady() from None


async def _kept(
    name: str, make: Callable[[datetime], Awaitable[bytes]], *, redis: Redis
) -> Edition:
    """The edition at hand if it is of this turn and fresh, else a new one.

    The turn is read before the register is: what is made of older rows is filed under an older
    turn, and the next reader makes it anew.
    """
    turn = await redis.get(_turn_key(name)) or b"0"
    of_turn, data, made_at = await redis.hmget(_edition_key(name), ["turn", "data", "made_at"])
    now = clock.now()
    last = _stored_edition(data, made_at)
    if last is not None and of_turn == turn and now - last.made_at <= FRESH:
        return last
    try:
        data = await make(now)
    except (KeyUnavailable, ListsNotReady):
        if last is not None and now - last.made_at <= statuslist.TTL:
            return last
        raise ListsNotReady() from None
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hset(
            _edition_key(name),
            mapping={"turn": turn, "data": data, "made_at": now.isoformat()},
        )
        pipe.expire(_edition_key(name), int(statuslist.TTL.total_seconds()))
        await pipe.execute()
    return Edition(data=data, made_at=now)


def _stored_edition(data: bytes | str | None, made_at: bytes | str | None) -> Edition | None:
    """Redis answers in bytes; its stubs allow for both."""
    if not isinstance(data, bytes) or not isinstance(made_at, bytes):
        return None
    return Edition(data=data, made_at=datetime.fromisoformat(made_at.decode()))


def _signer(der: bytes, uses: tuple[str, ...], trust: TrustList, at: datetime) -> Signer:
    """A certificate with what the trust list says of it today.

    Judged as if used at its first moment: a revocation then counts from its own date, or from the
    beginning when the key was stolen.
    """
    leaf = certificates.parse(der)
    moment = chains.Moment(used=leaf.not_before, now=at)
    checks = chains.judge(leaf, chains.SIGNER, moment, trust=trust, policy=DEFAULT_POLICY)
    found = {str(check.evidence["finding"]): check for check in checks}
    if "revoked" in found:
        return Signer(der, uses, SignerState.REVOKED, leaf.not_before)
    if "revoked-later" in found:
        since = datetime.fromisoformat(found["revoked-later"].evidence["revoked_at"])
        return Signer(der, uses, SignerState.REVOKED, since.astimezone(UTC))
    outcomes = {check.outcome for check in checks}
    if Outcome.FAIL in outcomes:
        return Signer(der, uses, SignerState.REFUSED)
    unsure = Outcome.UNKNOWN in outcomes
    return Signer(der, uses, SignerState.UNSURE if unsure else SignerState.GOOD)


def _turn_key(name: str) -> str:
    return f"status-list:turn:{name}"


def _edition_key(name: str) -> str:
    return f"status-list:edition:{name}"
