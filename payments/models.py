"""Tables of the payments package. Money is whole fen. Nobody outside reads them; see queries.py."""

from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from core.clock import now
from core.ids import new_id
from core.queue import Claimed
from payments.lifecycle import BillState, DifferenceKind, EntryKind, OrderState, RefundStep


class Bill(Model):
    """One fee of one case: what is owed, once."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    case_id = fields.UUIDField()
    fee_code = fields.CharField(max_length=40)
    subject_id = fields.UUIDField()
    person_id = fields.UUIDField(db_index=True)
    department = fields.CharField(max_length=20)
    title = fields.CharField(max_length=120)
    case_text = fields.CharField(max_length=60)
    """The number people read on the receipt."""
    amount = fields.BigIntField()
    state = fields.CharEnumField(BillState, max_length=12, default=BillState.DUE)
    reserved = fields.BigIntField(default=0)
    """Refunds that were asked for: given back, or on their way."""
    refunded = fields.BigIntField(default=0)
    created_at = fields.DatetimeField(default=now)
    paid_at = fields.DatetimeField(null=True)
    paid_by_order = fields.CharField(max_length=32, null=True)

    class Meta:
        table = "payments_bill"
        app = "payments"
        unique_together = (("case_id", "fee_code"),)
        indexes = (
            ("subject_id", "created_at", "id"),
            ("subject_id", "state", "created_at", "id"),
            ("department", "created_at", "id"),
            ("created_at", "id"),
        )


class Order(Claimed):
    """One try to pay a bill at one platform, under a number of ours."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    order_no = fields.CharField(max_length=32, unique=True)
    bill: fields.ForeignKeyRelation[Bill] = fields.ForeignKeyField(
        "payments.Bill", related_name="orders", on_delete=fields.RESTRICT
    )
    provider = fields.CharField(max_length=24)
    payer_id = fields.UUIDField(null=True)
    """The person who pays with it; null for orders of before that was kept."""
    amount = fields.BigIntField()
    state = fields.CharEnumField(OrderState, max_length=12, default=OrderState.OPEN)
    surplus = fields.BooleanField(default=False)
    """Paid although the bill was settled otherwise: the money goes back."""
    transaction = fields.CharField(max_length=64, null=True)
    created_at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField()
    paid_at = fields.DatetimeField(null=True)
    asked = fields.SmallIntField(default=0)
    ask_at = fields.DatetimeField(null=True, db_index=True)
    """When the platform is asked next; None when there is nothing left to ask."""

    bill_id: UUID

    class Meta:
        table = "payments_order"
        app = "payments"
        indexes = (("bill_id", "created_at"),)


class Refund(Claimed):
    """Money on its way back, under a number of ours."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    refund_no = fields.CharField(max_length=32, unique=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "payments.Order", related_name="refunds", on_delete=fields.RESTRICT
    )
    amount = fields.BigIntField()
    reason = fields.CharField(max_length=80)
    state = fields.CharEnumField(RefundStep, max_length=12, default=RefundStep.ASKED)
    asked_by = fields.CharField(max_length=80)
    created_at = fields.DatetimeField(default=now)
    done_at = fields.DatetimeField(null=True)
    asked = fields.SmallIntField(default=0)
    ask_at = fields.DatetimeField(null=True, db_index=True)

    order_id: UUID

    class Meta:
        table = "payments_refund"
        app = "payments"
        indexes = (("order_id", "created_at"),)


class Entry(Model):
    """A line of the books: money that came or went. Never changed."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharEnumField(EntryKind, max_length=8)
    number = fields.CharField(max_length=32)
    """Order number of a payment, refund number of a refund."""
    provider = fields.CharField(max_length=24)
    amount = fields.BigIntField()
    """Fen, positive in both kinds."""
    day = fields.DateField()
    """The platform's day in Shanghai."""
    written_at = fields.DatetimeField(default=now)

    class Meta:
        table = "payments_entry"
        app = "payments"
        unique_together = (("kind", "number"),)
        indexes = (("provider", "day"),)


class Statement(Model):
    """A day of one platform, compared."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    provider = fields.CharField(max_length=24)
    day = fields.DateField()
    lines = fields.IntField()
    paid = fields.BigIntField()
    refunded = fields.BigIntField()
    mended = fields.IntField(default=0)
    differing = fields.IntField(default=0, db_default=0)
    """How many differences are left, written with them."""
    compared_at = fields.DatetimeField(default=now)

    class Meta:
        table = "payments_statement"
        app = "payments"
        unique_together = (("provider", "day"),)
        indexes = (("day", "provider"),)


class Difference(Model):
    """Something a statement and our books do not agree on."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    statement: fields.ForeignKeyRelation[Statement] = fields.ForeignKeyField(
        "payments.Statement", related_name="differences", on_delete=fields.CASCADE
    )
    kind = fields.CharEnumField(DifferenceKind, max_length=16)
    number = fields.CharField(max_length=64)
    ours = fields.BigIntField(null=True)
    theirs = fields.BigIntField(null=True)

    statement_id: UUID

    class Meta:
        table = "payments_difference"
        app = "payments"
        indexes = (("statement_id", "number", "id"),)
