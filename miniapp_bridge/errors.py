"""What can go wrong with a platform, in our words. A vendor's code is kept as data, never shown.

Problem
├── Unauthenticated   CodeRefused          the one-time code is unknown, late or used
├── Forbidden         SignInBlocked        the platform holds the account for risky
│                     CallbackRefused      a callback that the platform did not sign
├── Invalid           MessageRejected      a message that will never be taken
├── TooMany           PlatformBusy         a rate limit or quota of the platform
└── Unavailable       PlatformUnavailable  not reached, or broken; nothing was done
    ├── BadAnswer                          an answer that cannot be read
    ├── OutcomeUnknown                     sent, but no answer: it may have been done
    └── PlatformMisconfigured              our settings are wrong there; an operator must act
"""

from core.errors import Forbidden, Invalid, Problem, TooMany, Unauthenticated, Unavailable


class VendorCode(Problem):
    """Mixed into errors that come from a platform's answer."""

    def __init__(self, detail: str | None = None, *, vendor_code: str | None = None) -> None:
        super().__init__(detail)
        self.vendor_code = vendor_code
        """The platform's own code, for the log and for tests."""


class CodeRefused(VendorCode, Unauthenticated):
    slug = "platform-code-refused"
    title = "登录凭证已失效，请重新登录"


class SignInBlocked(VendorCode, Forbidden):
    slug = "platform-sign-in-blocked"
    title = "平台暂时不允许这个账号登录，请换一种登录方式"


class CallbackRefused(Forbidden):
    slug = "platform-callback-refused"
    title = "平台通知未通过验证"


class MessageRejected(VendorCode, Invalid):
    slug = "platform-message-rejected"
    title = "平台不接受这条消息"


class PlatformBusy(VendorCode, TooMany):
    slug = "platform-busy"
    title = "平台繁忙，请一分钟后再试"


class PlatformUnavailable(VendorCode, Unavailable):
    slug = "platform-unavailable"
    title = "暂时联系不上登录平台，请稍后再试"


class OutcomeUnknown(PlatformUnavailable):
    slug = "platform-outcome-unknown"
    title = "平台没有及时回复，请重新获取凭证后再试"


class BadAnswer(OutcomeUnknown):
    slug = "platform-bad-answer"
    title = "平台的回复无法识别，请稍后再试"


class PlatformMisconfigured(PlatformUnavailable):
    slug = "platform-misconfigured"
    title = "平台对接设置有误，请换一种登录方式并联系管理员"
