"""Natural persons: found or made from a verified identity."""

from uuid import UUID

from core import audit
from core.database import transaction
from identity import numbers, queries
from identity.models import Subject, SubjectKind

IDENTITY_CARD_TYPE = "111"


async def register(*, id_no: str, name: str, phone: str | None, by: str) -> UUID:
    """The person with this identity number, made when new; idempotent by the number.

    Only for identities that somebody has verified: a real-name platform or a counter. `by` is
    the actor for the audit trail. Raises InvalidIdentityNumber.
    """
    number = numbers.check_identity_number(id_no)
    async with transaction():
        subject, created = await Subject.get_or_create(
            {
                "kind": SubjectKind.NATURAL_PERSON,
                "id_no": number,
                "name": name,
                "phone": phone,
            },
            id_type=IDENTITY_CARD_TYPE,
            id_index=queries.id_index(number),
        )
        if created:
            await audit.record(actor=by, action="person-registered", target=f"citizen:{subject.id}")
    return subject.id
