"""What can go wrong with a platform, in our words. A vendor's code is kept as data, never shown.

Problem
├── Unauthenticated   CodeRefused          the one-time code is unknown, late or used
│                     SessionStale         data made under an older log-in: log in again
├── Forbidden         SignInBlocked        the platform holds the account for risky
│                     GuestIdentity        a snapshot page's guest, nobody in particular
│                     CallbackRefused      a callback that the platform did not sign
├── Invalid           MessageRejected      a message that will never be taken
│                     NotOffered           this platform has no such call
│                     PhoneRefused         not a number messages can reach
├── Conflict          PaymentRefused       the payment platform refuses this order or refund
│                     └── AlreadyPaid      it has the money already
├── TooMany           PlatformBusy         a rate limit or quota of the platform
│                     SmsTooSoon           this number was sent a code a moment ago
└── Unavailable       PlatformUnavailable  not reached, or broken; nothing was done
    ├── BadAnswer                          an answer that cannot be read
    ├── OutcomeUnknown                     sent, but no answer: it may have been done
    ├── TokenUnavailable                   no access token to be had just now
    ├── CircuitOpen                        it failed too often: not tried for a while
    └── PlatformMisconfigured              our settings are wrong there; an operator must act
"""

from core.errors import Conflict, Forbidden, Invalid, Problem, TooMany, Unauthenticated, Unavailable


class VendorCode(Problem):
    """Mixed into errors that come from a platform's answer."""

    def __init__(
        self, detail: str | None = None, *, vendor_code: str | None = None, **members: object
    ) -> None:
        super().__init__(detail, **members)
        self.vendor_code = vendor_code
        """The platform's own code, for the log and for tests."""


class CodeRefused(VendorCode, Unauthenticated):
    slug = "platform-code-refused"
    title = "登录凭证已失效，请重新登录"


class SessionStale(VendorCode, Unauthenticated):
    """The one answer for padding, JSON and watermark faults alike: no oracle."""

    slug = "platform-session-stale"
    title = "授权信息已过期，请重新登录后再点一次"


class SignInBlocked(VendorCode, Forbidden):
    slug = "platform-sign-in-blocked"
    title = "平台暂时不允许这个账号登录，请换一种登录方式"


class GuestIdentity(VendorCode, Forbidden):
    slug = "platform-guest"
    title = "当前是游客页面，请点“使用完整服务”后再登录"


class CallbackRefused(Forbidden):
    slug = "platform-callback-refused"
    title = "平台通知未通过验证"


class MessageRejected(VendorCode, Invalid):
    slug = "platform-message-rejected"
    title = "平台不接受这条消息"


class NotOffered(VendorCode, Invalid):
    slug = "platform-not-offered"
    title = "这个平台没有这项能力，请换一种方式"


class PhoneRefused(Invalid):
    slug = "phone-refused"
    title = "手机号码不正确，请核对后重新填写"


class PaymentRefused(VendorCode, Conflict):
    slug = "payment-platform-refused"
    title = "支付平台没有受理，请稍后再试或换一种支付方式"


class PlatformBusy(VendorCode, TooMany):
    slug = "platform-busy"
    title = "平台繁忙，请一分钟后再试"


class SmsTooSoon(TooMany):
    """Member `retry_after`: seconds until another code may be asked for."""

    slug = "sms-too-soon"
    title = "验证码已发送，请稍后再获取"


class PlatformUnavailable(VendorCode, Unavailable):
    slug = "platform-unavailable"
    title = "暂时联系不上登录平台，请稍后再试"


class OutcomeUnknown(PlatformUnavailable):
    slug = "platform-outcome-unknown"
    title = "平台没有及时回复，请重新获取凭证后再试"


class BadAnswer(OutcomeUnknown):
    slug = "platform-bad-answer"
    title = "平台的回复无法识别，请稍后再试"


class TokenUnavailable(PlatformUnavailable):
    slug = "platform-token-unavailable"
    title = "平台凭证暂时取不到，请稍后再试"


class CircuitOpen(PlatformUnavailable):
    """Member `retry_after`: seconds until the platform is tried again."""

    slug = "platform-circuit-open"
    title = "平台连续出错，已暂停调用，请稍后再试或换一种方式"


class PlatformMisconfigured(PlatformUnavailable):
    slug = "platform-misconfigured"
    title = "平台对接设置有误，请换一种登录方式并联系管理员"


class AlreadyPaid(PaymentRefused):
    """The platform has the money for this order already."""

    slug = "payment-already-made"
    title = "这笔费用已经支付，请刷新后查看"
