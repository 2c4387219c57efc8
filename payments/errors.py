"""Refusals of the payments package.

Problem
├── Invalid    AmountNotRefundable, UnknownProvider
├── NotFound   BillNotFound, OrderNotFound, ReceiptNotFound
└── Conflict   BillSettled, PayerNotBound, WrongAmount
"""

from core.errors import Conflict, Invalid, NotFound


class UnknownProvider(Invalid):
    slug = "unknown-payment-way"
    title = "不支持这种支付方式，请换一种"


class AmountNotRefundable(Invalid):
    """Member `refundable`: fen that may still go back."""

    slug = "amount-not-refundable"
    title = "退款金额超过可退金额，请核对后再填"


class BillNotFound(NotFound):
    slug = "bill-not-found"
    title = "没有找到这笔费用，请刷新后再试"


class OrderNotFound(NotFound):
    slug = "order-not-found"
    title = "没有找到这笔支付，请核对后再试"


class ReceiptNotFound(NotFound):
    slug = "receipt-not-found"
    title = "这笔费用还没有支付，支付后可查看凭据"


class BillSettled(Conflict):
    slug = "bill-settled"
    title = "这笔费用已经处理，请刷新后查看"


class PayerNotBound(Conflict):
    """Member `platform`: whose account has to be bound for this way of paying."""

    slug = "payer-not-bound"
    title = "请先绑定这个平台的账号，或换一种支付方式"


class WrongAmount(Conflict):
    """A verified notice for another amount: nothing is settled, an operator has to look."""

    slug = "wrong-amount"
    title = "支付金额与应缴金额不一致，已转人工核对"
