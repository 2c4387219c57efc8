"""Refusals of the push package."""

from core.errors import NotFound


class InboxMessageNotFound(NotFound):
    slug = "inbox-message-not-found"
    title = "没有找到这条消息，它可能已被清理"
