"""What is owed: open a bill for a case's fee, cancel it when the case ends without need of it."""

from uuid import UUID

from core.database import transaction
from core.protection import audit
from payments.lifecycle import BillState
from payments.models import Bill


async def open_bill(
    *,
    case_id: UUID,
    fee_code: str,
    subject_id: UUID,
    person_id: UUID,
    department: str,
    title: str,
    case_text: str,
    amount: int,
) -> UUID:
    """The bill of this fee, made when it is new. `amount` in fen, at least 1."""
    if amount < 1:
        raise ValueError("a bill is for at least one fen")
    async with transaction():
        bill, created = await Bill.get_or_create(
            {
                "subject_id": subject_id,
                "person_id": person_id,
                "department": department,
                "title": title[:120],
                "case_text": case_text[:60],
                "amount": amount,
            },
            case_id=case_id,
            fee_code=fee_code,
        )
        if created:
            await audit.record(
                actor="system:payments",
                action="bill-opened",
                target=f"bill:{bill.id}",
                detail={"case": str(case_id), "fen": amount},
            )
    return bill.id


async def cancel_unpaid(case_id: UUID) -> int:
    """The case ended: what was not paid is no longer owed. A payment under way goes back."""
    async with transaction():
        changed = await Bill.filter(case_id=case_id, state=BillState.DUE).update(
            state=BillState.CANCELLED
        )
        if changed:
            await audit.record(
                actor="system:payments", action="bills-cancelled", target=f"case:{case_id}"
            )
    return changed
