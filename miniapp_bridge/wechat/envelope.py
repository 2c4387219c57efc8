"""WeChat's answers: the error code inside, and what it means for us.

Success is errcode 0 or no errcode at all (log-in and token answers have none); a code may come as
text. Source: developers.weixin.qq.com, global return codes and the pages of the single calls.
"""

import logging
import re
from typing import Any

from core.errors import Problem
from miniapp_bridge.client import Answer
from miniapp_bridge.errors import (
    CodeRefused,
    MessageRejected,
    PlatformBusy,
    PlatformMisconfigured,
    PlatformUnavailable,
    SessionStale,
    SignInBlocked,
)

log = logging.getLogger(__name__)

BUSY = -1
TOKEN_CODES = frozenset({40001, 40014, 42001})
QUOTA_OF_DAY = 45009
NO_CONSENT = 43101
PAGE_MISSING = 41030

MEANING: dict[int, type[Problem]] = {
    40029: CodeRefused,
    40163: CodeRefused,
    40226: SignInBlocked,
    87009: SessionStale,
    45009: PlatformBusy,
    45011: PlatformBusy,
    BUSY: PlatformBusy,
    40002: PlatformMisconfigured,
    40013: PlatformMisconfigured,
    40125: PlatformMisconfigured,
    40164: PlatformMisconfigured,
    41002: PlatformMisconfigured,
    41004: PlatformMisconfigured,
    48001: PlatformMisconfigured,
    40003: MessageRejected,
    40033: MessageRejected,
    40037: MessageRejected,
    40097: MessageRejected,
    40165: MessageRejected,
    40169: MessageRejected,
    41030: MessageRejected,
    45168: MessageRejected,
    47001: MessageRejected,
    47003: MessageRejected,
    85079: MessageRejected,
}

RID = re.compile(r"rid: ([0-9a-f-]{8,40})")


def error_code(fields: dict[str, Any]) -> int:
    """0 for success. A code that is no number counts as unknown (-2)."""
    try:
        return int(fields.get("errcode", 0))
    except (TypeError, ValueError, OverflowError):
        return -2


def is_busy(answer: Answer) -> bool:
    """Whether the answer says "system busy" (-1). Raises BadAnswer."""
    return error_code(answer.json()) == BUSY


def refusal(fields: dict[str, Any], *, call: str) -> Problem:
    """The error for an answer with a code; logs code and rid, which name no person."""
    code = error_code(fields)
    rid = RID.search(str(fields.get("errmsg", "")))
    log.warning("wechat %s: errcode %s rid %s", call, code, rid.group(1) if rid else "-")
    problem = MEANING.get(code, PlatformUnavailable)
    if problem is PlatformMisconfigured:
        log.error("wechat %s: our settings are wrong there (errcode %s)", call, code)
    return problem(vendor_code=str(code))
