"""Natural persons: found or made from a verified identity, kept as their latest proof says."""

from uuid import UUID

from core.database import transaction
from core.protection import audit
from core.protection.protect import blind_index, blind_indexes
from identity import numbers, queries
from identity.log_in import revoking
from identity.models import PHONE_PURPOSE, USER_PURPOSE, PlatformAccount, Subject, SubjectKind

IDENTITY_CARD_TYPE = "111"
BY_PHONE = "browser"
"""The platform whose accounts are phone numbers."""
_BATCH = 500


async def register(*, id_no: str, name: str, phone: str | None, by: str) -> UUID:
    """The person with this identity number, made when new; idempotent by the number.

    Only for identities that somebody has verified: a real-name platform or a counter. A known
    person stays as they are; only `prove` changes one. `by` is the actor for the audit trail.
    Raises InvalidIdentityNumber.
    """
    number = numbers.check_identity_number(id_no)
    async with transaction():
        subject, created = await Subject.get_or_create(
            {"kind": SubjectKind.NATURAL_PERSON, "id_no": number, "name": name},
            id_type=IDENTITY_CARD_TYPE,
            id_index=await queries.stored_index(IDENTITY_CARD_TYPE, number),
        )
        if created:
            await audit.record(actor=by, action="person-registered", target=f"citizen:{subject.id}")
            if phone:
                await hold_phone(subject.id, phone, by=by)
    return subject.id


async def prove(*, id_no: str, name: str, phone: str | None, by: str) -> UUID:
    """The person who has just proved to have this number and name, with what the proof says.

    A name that intake or a relative gave, and a number of former times, give way; without a phone
    in the proof the one at hand stays. Raises InvalidIdentityNumber.
    """
    async with transaction():
        person_id = await register(id_no=id_no, name=name, phone=phone, by=by)
        subject = await Subject.select_for_update().get(id=person_id)
        proved = name.strip()
        if proved and subject.name != proved:
            subject.name = proved
            await subject.save(update_fields=["name"])
            await audit.record(actor=by, action="name-proved", target=f"citizen:{person_id}")
        if phone:
            await hold_phone(person_id, phone, by=by)
    return person_id


async def hold_phone(person_id: UUID, phone: str, *, by: str) -> None:
    """The number is this person's from now on, and nobody else's.

    Operators give numbers out again: messages about a case, and a sign-in by a code to the number,
    must not reach its next owner in the name of the former. Raises nothing.
    """
    phone = _plain(phone)
    index = phone_index(phone)
    indexes = blind_indexes(phone, purpose=PHONE_PURPOSE)
    async with transaction():
        subject = await Subject.select_for_update().get(id=person_id)
        if subject.phone != phone or subject.phone_index != index:
            subject.phone, subject.phone_index = phone, index
            await subject.save(update_fields=["phone", "phone_index"])
            await audit.record(actor=by, action="phone-proved", target=f"citizen:{person_id}")
        others = Subject.filter(phone_index__in=indexes).exclude(id=person_id)
        for former in await others.only("id"):
            await Subject.filter(id=former.id, phone_index__in=indexes).update(
                phone=None, phone_index=None
            )
            await audit.record(actor=by, action="phone-passed-on", target=f"citizen:{former.id}")
        await _close_accounts(person_id, phone, by=by)


async def _close_accounts(person_id: UUID, phone: str, *, by: str) -> None:
    """Accounts that are this number and somebody else's end, with what was opened by them."""
    indexes = blind_indexes(phone, purpose=USER_PURPOSE)
    held = PlatformAccount.filter(platform=BY_PHONE, user_index__in=indexes)
    for account in await held.exclude(subject_id=person_id):
        await PlatformAccount.filter(id=account.id).delete()
        await revoking.revoke_via(account.subject_id, via=BY_PHONE, keep=None, by=by)
        await audit.record(
            actor=by,
            action="account-unbound",
            target=f"citizen:{account.subject_id}",
            detail={"platform": BY_PHONE, "reason": "phone-passed-on"},
        )


async def index_phones() -> int:
    """Make numbers of before findable; returns how many. After migrations; repeats do nothing."""
    count = 0
    while rows := await Subject.filter(phone__isnull=False, phone_index=None).limit(_BATCH):
        for subject in rows:
            subject.phone_index = phone_index(subject.phone or "")
            await subject.save(update_fields=["phone_index"])
        count += len(rows)
    return count


def _plain(phone: str) -> str:
    """The number as text messages take it: platforms write the country's code or leave it out."""
    return phone.strip().removeprefix("+86").replace(" ", "").replace("-", "")


def phone_index(phone: str) -> str:
    """The look-up value of a phone number."""
    return blind_index(phone, purpose=PHONE_PURPOSE)
