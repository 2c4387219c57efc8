"""Refusals around the second factor of staff.

Problem
├── Forbidden   SecondFactorNeeded, FreshSignInRequired, CodeRefused, CodeOutOfTime,
│               PasskeyRefused, PasskeyCloned, ForeignOrigin, CodeOfSecondNeeded
├── NotFound    FactorNotFound
├── Conflict    CodeUsed, LastFactor, PasskeyKnown, PasskeyUnavailable, TooManyPasskeys,
│               RecoveryNotOpen, AnotherOperatorNeeded
├── Gone        SecondStepExpired
└── TooMany     TooManyCodes
"""

from core.errors import Conflict, Forbidden, Gone, NotFound, TooMany


class SecondFactorNeeded(Forbidden):
    """The password was right. Members `ticket`, `ways` (`totp`, `passkey`) and `seconds`."""

    slug = "second-factor-needed"
    title = "密码已核对，请再用动态口令或通行密钥完成登录"


class FreshSignInRequired(Forbidden):
    """Factors are changed only right after a whole sign-in."""

    slug = "fresh-sign-in-required"
    title = "更改登录方式前请重新登录，并在十分钟内完成"


class CodeRefused(Forbidden):
    slug = "code-refused"
    title = "动态口令不正确，请输入手机上正在显示的六位数字"


class CodeOutOfTime(Forbidden):
    slug = "code-out-of-time"
    title = "这组动态口令已过时，请输入最新一组；仍不行请把手机时间设为自动"


class CodeUsed(Conflict):
    slug = "code-used"
    title = "这组动态口令已经用过，请等手机显示下一组后再输入"


class SecondStepExpired(Gone):
    """The one answer for a ticket or challenge that is late, used, unknown or of somebody else."""

    slug = "second-step-expired"
    title = "这一步等待超时或已经用过，请从头再来一次"


class TooManyCodes(TooMany):
    """Member `retry_after`: seconds until codes are looked at again."""

    slug = "too-many-codes"
    title = "动态口令输错次数过多，请改用通行密钥，或申请恢复登录"


class FactorNotFound(NotFound):
    slug = "factor-not-found"
    title = "没有找到这个登录方式，请刷新后再试"


class LastFactor(Conflict):
    slug = "last-factor"
    title = "这是您最后一个第二登录方式，请先登记另一个再移除"


class PasskeyRefused(Forbidden):
    """The one answer for a bad signature, an unknown key, a user who was not verified, nonsense."""

    slug = "passkey-refused"
    title = "通行密钥没有通过核对，请用已登记的设备并完成指纹、面容或 PIN 验证后重试"


class PasskeyCloned(Forbidden):
    """The count of the device went back; the key is locked from now on."""

    slug = "passkey-cloned"
    title = "这把通行密钥疑似被复制，已停用，请改用其他登录方式并立即告知管理员"


class ForeignOrigin(Forbidden):
    """What was signed names another address than ours: a page that stands between."""

    slug = "foreign-origin"
    title = "登录页面的网址不对，请关闭它，从本单位公布的网址重新打开"


class PasskeyKnown(Conflict):
    slug = "passkey-known"
    title = "这台设备的通行密钥已经登记过，请直接使用"


class PasskeyUnavailable(Conflict):
    slug = "passkey-unavailable"
    title = "从这个网址不能使用通行密钥，请改用动态口令"


class TooManyPasskeys(Conflict):
    slug = "too-many-passkeys"
    title = "登记的通行密钥已达十把，请先移除不用的"


class RecoveryNotOpen(Conflict):
    """Unknown, ended, lapsed, or not confirmed by two yet."""

    slug = "recovery-not-open"
    title = "这项恢复申请还没有两人确认，或已办结、已过期，请刷新后再看"


class AnotherOperatorNeeded(Conflict):
    slug = "another-operator-needed"
    title = "恢复登录须由两位不同的管理员确认，且不能是本人，请换另一位确认"


class CodeOfSecondNeeded(Forbidden):
    """Of the other officer at the desk, not of the caller."""

    slug = "code-of-second-needed"
    title = "请由复核人输入手机上的动态口令；复核人还没有登记的，请先登记"
