"""Refusals of the identity package.

Problem
├── Invalid            InvalidIdentityNumber, InvalidCreditCode, InvalidPublicKey, UnknownPlatform,
│                      InvalidMandate, NotAMinor, WeakPassword, InvalidStaffNo,
│                      InvalidDelegation, RepresentationIncomplete
├── NotFound           SubjectNotFound, OfficerNotFound, CounterNotFound, DepartmentNotFound,
│                      DemoNotAvailable, AccountNotFound, SessionNotFound, ChannelNotFound,
│                      GuardianshipNotFound, DelegationNotFound, RepresentationNotFound
├── Conflict           AccountTaken, LastAccount, ProofPending, ProofUnavailable,
│                      CertificateUnavailable, FirstOfficerExists, StaffNoTaken,
│                      KeepersAtWork, DelegationMoved, RepresentationMoved
├── Unauthenticated    SignInRequired, WrongCredentials, InvalidSignature
├── Forbidden          RoleMissing, OfficerInactive, OfficerAway, NotDelegated, NotQualified,
│                      OwnMatter, SecondOfficerNeeded, CrossSiteRequest, NotActingFor,
│                      ActingRightEnded, RepresentativeNotProved,
│                      AccountNotBound, StepUpRequired, ProofFailed, ChannelClosed,
│                      CertificateRefused, ItemNotOffered, PasswordMustChange,
│                      ScopeMissing,
│                      StartPasswordLapsed, SecondFactorMissing
├── Gone               EnrolmentCodeRefused, ProofExpired
└── TooMany            TooManySignIns, TooManyGuesses, QuotaSpent
"""

from collections.abc import Mapping
from typing import ClassVar

from core.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
)


class InvalidIdentityNumber(Invalid):
    slug = "invalid-identity-number"
    title = "身份号码不正确，请逐位核对后重新填写"


class InvalidCreditCode(Invalid):
    slug = "invalid-credit-code"
    title = "统一社会信用代码不正确，请对照营业执照重新填写"


class InvalidMandate(Invalid):
    slug = "invalid-mandate"
    title = "授权截止日期应在今天之后三年之内，请重新选择"


class RepresentationIncomplete(Invalid):
    slug = "representation-incomplete"
    title = "请填写法定代表人的姓名和依据文件的文号"


class InvalidDelegation(Invalid):
    slug = "invalid-delegation"
    title = "委托的内容不完整或不合法，请按提示修改"


class InvalidPublicKey(Invalid):
    slug = "invalid-public-key"
    title = "设备公钥不可用，请在本机重新生成后再登记"


class UnknownPlatform(Invalid):
    slug = "unknown-platform"
    title = "不支持这种登录方式，请换一种方式登录"


class SubjectNotFound(NotFound):
    slug = "subject-not-found"
    title = "没有找到这个人或单位，请核对后再试"


class OfficerNotFound(NotFound):
    slug = "officer-not-found"
    title = "没有找到这位工作人员，请核对后再试"


class CounterNotFound(NotFound):
    slug = "counter-not-found"
    title = "没有找到这个窗口设备，请核对后再试"


class GuardianshipNotFound(NotFound):
    slug = "guardianship-not-found"
    title = "没有登记这项监护关系，请核对双方的姓名和号码"


class RepresentationNotFound(NotFound):
    slug = "representation-not-found"
    title = "没有找到这条代表人登记，请刷新后再试"


class DelegationNotFound(NotFound):
    slug = "delegation-not-found"
    title = "没有找到这份委托，请核对委托书编号后再试"


class DepartmentNotFound(NotFound):
    slug = "department-not-found"
    title = "没有找到这个部门，请核对后再试"


class DemoNotAvailable(NotFound):
    slug = "demo-not-available"
    title = "这里没有开放演示账号，请用正式方式登录"


class SignInRequired(Unauthenticated):
    """No session, or one that has ended; says what every 401 without a closer reason says."""


class WrongCredentials(Unauthenticated):
    """The one sentence for every failed staff sign-in, so that it tells nothing about the cause."""

    slug = "wrong-credentials"
    title = "工号或密码不正确，请核对后再试"


class InvalidSignature(Unauthenticated):
    """The one sentence for every failed request signature of a counter or a client system."""

    slug = "invalid-request-signature"
    title = "请求签名无效，请校准时间并用登记的密钥重新签名"


class SecondFactorMissing(Forbidden):
    """The session is one of a password alone and opens nothing but the enrolment of a factor."""

    slug = "second-factor-missing"
    title = "请先登记动态口令或通行密钥，登记后才能办理业务"


class RoleMissing(Forbidden):
    slug = "role-missing"
    title = "您的岗位没有这项权限，请联系本部门管理员"


class OfficerInactive(Forbidden):
    slug = "officer-inactive"
    title = "您的工作账号已停用，这一步没有办理，请联系本部门管理员"


class OfficerAway(Forbidden):
    slug = "officer-away"
    title = "您已登记休假，这一步没有办理，请由代理您工作的同事办理，或先销假"


class NotDelegated(Forbidden):
    """`reason`: department, item, act, not-begun, ended or revoked."""

    slug = "not-delegated"
    title = "这个办件不属于本部门，也没有委托给您办理，请转给主管部门"

    _WHY: ClassVar[Mapping[str, str]] = {
        "item": "主管部门没有把这个事项委托给您，请转给主管部门办理",
        "act": "主管部门的委托不包括这一步，请转给主管部门办理",
        "not-begun": "主管部门的委托还没有生效，请等生效后再办理",
        "ended": "主管部门的委托已经到期，请转给主管部门办理",
        "revoked": "主管部门已经收回委托，这一步没有办理，请转给主管部门办理",
    }

    def __init__(self, *, reason: str) -> None:
        super().__init__(self._WHY.get(reason, self.title), reason=reason)


class NotQualified(Forbidden):
    slug = "not-qualified"
    title = "办理这个事项需要有效的上岗资格，请先完成培训考核，或请有资格的同事办理"


class OwnMatter(Forbidden):
    slug = "own-matter"
    title = "这是您本人或您代表的单位的申请，依法应当回避，请交由其他工作人员办理"


class SecondOfficerNeeded(Forbidden):
    slug = "second-officer-needed"
    title = "这一步需要另一位工作人员办理，提出的人不能自己会签"


class ScopeMissing(Forbidden):
    """Member `needed`: the scope that the client system was not given."""

    slug = "scope-missing"
    title = "这个接入系统没有开通此项接口，请联系账号管理员开通"


class RepresentativeNotProved(Forbidden):
    """One sentence for every cause, so that it tells nobody whom a licence names."""

    slug = "representative-not-proved"
    title = "营业执照上没有登记您为法定代表人，请携任职文件到窗口登记"


class CrossSiteRequest(Forbidden):
    slug = "cross-site-request"
    title = "请求不是从本网站发出的，请回到本网站页面操作"


class NotActingFor(Forbidden):
    slug = "not-acting-for"
    title = "您没有这家单位的办事授权，请先由单位授权后再试"


class ActingRightEnded(Forbidden):
    slug = "acting-right-ended"
    title = "您对这家单位的办事授权已结束，现已切换为本人办事，请确认后再试"


class AccountNotBound(Forbidden):
    slug = "account-not-bound"
    title = "这个账号还没有实名，请先完成实名认证"


class EnrolmentCodeRefused(Gone):
    slug = "enrolment-code-refused"
    title = "登记码无效或已用过，请向管理员重新领取"


class TooManySignIns(TooMany):
    """Member `retry_after`: seconds until the next try is looked at."""

    slug = "too-many-sign-ins"
    title = "尝试次数过多，请稍后再试"


class WeakPassword(Invalid):
    """Member `shortest`: characters a password has at least."""

    slug = "weak-password"
    title = "密码太容易猜到，请换一个更长、不含工号的密码"


class PasswordMustChange(Forbidden):
    """The password is right and was handed out: `PUT /api/staff/password` sets an own one."""

    slug = "password-must-be-changed"
    title = "这是初始密码，请先设置只有您自己知道的新密码，再登录"


class StartPasswordLapsed(Forbidden):
    slug = "start-password-lapsed"
    title = "初始密码已过期，请联系账号管理员重新发放"


class FirstOfficerExists(Conflict):
    slug = "first-officer-exists"
    title = "首位账号管理员已经设立，请由账号管理员在页面上办理"


class KeepersAtWork(Conflict):
    slug = "keepers-at-work"
    title = "还有两位以上账号管理员在岗，请由他们在页面上办理"


class StaffNoTaken(Conflict):
    slug = "staff-number-taken"
    title = "这个工号已有账号，请核对工号，或直接修改该账号"


class InvalidStaffNo(Invalid):
    slug = "invalid-staff-number"
    title = "工号须为 2 至 32 位字母、数字或短横线，并以字母或数字开头"


class TooManyGuesses(TooMany):
    """Member `retry_after`: seconds until names and numbers can be compared again."""

    slug = "too-many-guesses"
    title = "今天核对姓名和证件号码的次数已用完，请明天再试"


class QuotaSpent(TooMany):
    """Members `limit` (calls a day) and `reset_at` (next midnight in Shanghai)."""

    slug = "quota-spent"
    title = "今天的调用次数已用完，请明天再试或申请提高额度"


class AccountNotFound(NotFound):
    slug = "account-not-found"
    title = "没有找到这个绑定的账号，请刷新后再试"


class SessionNotFound(NotFound):
    slug = "session-not-found"
    title = "没有找到这次登录，可能已经退出"


class ChannelNotFound(NotFound):
    slug = "channel-not-found"
    title = "没有登记这个渠道，请核对后再试"


class ChannelClosed(Forbidden):
    slug = "channel-closed"
    title = "这个入口暂停服务，请换一个入口办理"


class ItemNotOffered(Forbidden):
    """Member `channels`: the names of the entries that offer the item."""

    slug = "item-not-offered"
    title = "这个入口不办理这个事项，请换一个入口办理"


class RepresentationMoved(Conflict):
    """Another officer agreed or refused in the meantime."""

    slug = "representation-moved"
    title = "这条代表人登记已经处理过了，请刷新后再看"


class DelegationMoved(Conflict):
    """Somebody else countersigned, refused or revoked it in the meantime."""

    slug = "delegation-moved"
    title = "这份委托的状态已经变化，请刷新后再看"


class AccountTaken(Conflict):
    """Take-over refused: whoever holds the account now has to give it up first."""

    slug = "account-taken"
    title = "这个账号已绑定其他人，请先由原绑定人解绑，或拨打 12345"


class LastAccount(Conflict):
    slug = "last-account"
    title = "这是您最后一个登录账号，请先绑定另一个再解绑"


class StepUpRequired(Forbidden):
    """Member `needed`: the level of assurance this act asks for."""

    slug = "step-up-required"
    title = "这项操作需要再次确认是您本人"


class ProofPending(Conflict):
    slug = "proof-pending"
    title = "核验还没有完成，请完成后再点确认"


class ProofUnavailable(Conflict):
    slug = "proof-unavailable"
    title = "这里暂时不能做人脸核验，请换一个入口或到窗口办理"


class CertificateUnavailable(Conflict):
    slug = "certificate-unavailable"
    title = "这里暂时不能用企业证书确认，请改用人脸核验"


class CertificateRefused(Forbidden):
    """The one answer for a bad signature, chain, validity, revocation and another organisation."""

    slug = "certificate-refused"
    title = "企业证书没有通过核验，请插入本单位在有效期内的证书后重试"


class ProofFailed(Forbidden):
    slug = "proof-failed"
    title = "核验没有通过，请确认是本人操作后重新核验"


class ProofExpired(Gone):
    slug = "proof-expired"
    title = "核验已过期或已用过，请重新开始"


class NotAMinor(Invalid):
    slug = "not-a-minor"
    title = "监护关系只能为未成年人登记，请核对被监护人身份"
