"""Refusals of the push package."""

from core.errors import Conflict, Gone, Invalid, NotFound, TooMany, Unavailable


class InboxMessageNotFound(NotFound):
    slug = "inbox-message-not-found"
    title = "没有找到这条消息，它可能已被清理"


class WebhookNotFound(NotFound):
    slug = "webhook-not-found"
    title = "没有找到这个通知地址，它可能已被删除"


class WebhookCallNotFound(NotFound):
    slug = "webhook-call-not-found"
    title = "没有找到这条未送达的通知，它可能已经重发"


class WebhookAddressRefused(Invalid):
    """Member `reason`: unreadable, scheme, credentials or private-address."""

    slug = "webhook-address-refused"
    title = "这个通知地址不能使用，请换一个公开的 https 地址"


class TooManyWebhooks(Conflict):
    slug = "too-many-webhooks"
    title = "通知地址已达上限，请先删除不用的地址"


class UnreadableQuietHours(Invalid):
    slug = "unreadable-quiet-hours"
    title = "免打扰时间要有开始和结束，写成 22:00 这样的形式"


class UnreadableEmail(Invalid):
    slug = "unreadable-email"
    title = "邮箱地址不正确，请检查后再填"


class EmailCodeRefused(Gone):
    slug = "email-code-refused"
    title = "确认码不正确或已失效，请重新获取"


class TooManyEmailCodes(TooMany):
    slug = "too-many-email-codes"
    title = "获取确认码太频繁，请一小时后再试"


class EmailNotAvailable(Unavailable):
    slug = "email-not-available"
    title = "邮件通知暂未开通，请先使用其他通知方式"
