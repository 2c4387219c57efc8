"""From checks to one verdict: reasons of a closed list, a Chinese sentence, what to do next. Pure.

    valid         every check that matters passed
    invalid       at least one failed; failures outweigh what is unknown
    cannot_tell   nothing failed, but something could not be checked: never shown as valid

The reasons are the words of the API, the pages and the tests alike; signing's are among them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Self

from signing.report.words import CHECKS
from wallet.types.validity import LicenceState

VALID, INVALID, CANNOT_TELL = "valid", "invalid", "cannot_tell"


class Reason(StrEnum):
    """Why something is not valid, or cannot be told."""

    UNREADABLE = "unreadable"
    NOT_A_LICENCE_CODE = "not-a-licence-code"
    UNKNOWN_ISSUER = "unknown-issuer"
    BAD_SIGNATURE = "bad-signature"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_REVOKED = "certificate-revoked"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    CODE_EXPIRED = "code-expired"
    CODE_USED = "code-used"
    CODE_STOPPED = "code-stopped"
    REPLAYED = "replayed"
    CLOCK_UNSURE = "clock-unsure"
    BAD_PROOF = "bad-proof"
    UNBOUND = "unbound"
    LICENCE_EXPIRED = "licence-expired"
    LICENCE_SUSPENDED = "licence-suspended"
    LICENCE_REVOKED = "licence-revoked"
    LICENCE_SUPERSEDED = "licence-superseded"
    CONTENT_CHANGED = "content-changed"
    NOT_COVERED = "not-covered"
    NO_SEAL = "no-seal"
    BAD_SEAL = "bad-seal"
    SEAL_MISMATCH = "seal-mismatch"
    SIGNER_NOT_IN_SEAL = "signer-not-in-seal"
    SEAL_EXPIRED = "seal-expired"
    WEAK_DIGEST = "weak-digest"
    BAD_TIMESTAMP = "bad-timestamp"
    UNTRUSTED = "untrusted"
    EVIDENCE_TOO_OLD = "evidence-too-old"
    STATUS_UNREACHABLE = "status-unreachable"
    TRUST_UNREACHABLE = "trust-unreachable"
    UNSUPPORTED = "unsupported"
    REGISTER_IN_DOUBT = "register-in-doubt"


class Outcome(StrEnum):
    """What came of one check."""

    PASS = "pass"  # noqa: S105 - a result, not a secret
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at, with its evidence in words."""

    name: str
    outcome: Outcome
    detail: str
    reason: str | None = None
    as_of: datetime | None = None
    """How recent the evidence is; None where it is the code itself."""

    def to_dict(self) -> dict[str, object]:
        """Plain values, as stored."""
        return {
            "name": self.name,
            "outcome": self.outcome.value,
            "detail": self.detail,
            "reason": self.reason,
            "as_of": self.as_of.isoformat() if self.as_of else None,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> Self:
        """The check as `to_dict` wrote it; older rows say nothing of the evidence's age."""
        as_of = stored.get("as_of")
        return cls(
            name=str(stored["name"]),
            outcome=Outcome(str(stored["outcome"])),
            detail=str(stored["detail"]),
            reason=str(stored["reason"]) if stored["reason"] else None,
            as_of=datetime.fromisoformat(as_of) if isinstance(as_of, str) else None,
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer, with everything a person needs to act on it."""

    verdict: str
    reasons: tuple[str, ...]
    title: str
    next: str
    checks: tuple[Check, ...] = field(default=())


VALID_WORDS = ("核验通过，证照真实有效", "可以按业务要求继续办理")
VALID_CODE_WORDS = ("核验通过，证照真实有效", "请核对持证人本人与照片，再按业务要求办理")
"""A code proves the licence, not who holds the phone."""

WORDS: Mapping[str, tuple[str, str]] = {
    Reason.UNREADABLE: ("无法识别出示的内容", "请让持证人重新打开证照，调亮屏幕后再扫一次"),
    Reason.NOT_A_LICENCE_CODE: ("这不是本市的证照码", "请让持证人在小程序里打开证照并出示二维码"),
    Reason.UNKNOWN_ISSUER: ("签发机构不在信任名单内", "请通过发证机关的渠道另行核实"),
    Reason.BAD_SIGNATURE: ("签名不正确，内容不可信", "请不要采用，并让持证人出示原始证照"),
    Reason.CERTIFICATE_EXPIRED: ("签章证书在签章时已过期", "请联系发证机关核实或重新签发"),
    Reason.CERTIFICATE_REVOKED: ("签章证书已被吊销", "请不要采用，并联系发证机关核实"),
    Reason.NOT_YET_VALID: ("签章证书在签章时尚未生效", "请联系发证机关核实"),
    Reason.EXPIRED: ("出示的凭证已过期", "请让持证人重新出示"),
    Reason.CODE_EXPIRED: ("二维码已过期", "请让持证人刷新二维码后再扫"),
    Reason.CODE_USED: ("二维码已在别处使用过", "请让持证人刷新二维码后再扫"),
    Reason.CODE_STOPPED: ("持证人已停止这次出示", "如需核验，请让持证人重新出示"),
    Reason.REPLAYED: ("这个码刚刚用过", "请让持证人刷新二维码后再扫"),
    Reason.CLOCK_UNSURE: ("设备时间不准，无法判断", "请校准设备时间后再核验"),
    Reason.BAD_PROOF: ("出示的手机与证照不符", "请让持证人用本人手机重新出示"),
    Reason.UNBOUND: ("凭证没有绑定手机且已超时", "请让持证人联网后重新出示"),
    Reason.LICENCE_EXPIRED: ("证照已过有效期", "请提示持证人办理延续或换证"),
    Reason.LICENCE_SUSPENDED: ("证照已中止使用", "请提示持证人恢复后再使用（例如补办签注）"),
    Reason.LICENCE_REVOKED: ("证照已被吊销、撤销或注销", "请不要采用，并按规定处理"),
    Reason.LICENCE_SUPERSEDED: ("证照已换发新版本", "请让持证人出示最新的证照"),
    Reason.CONTENT_CHANGED: ("文件在盖章后被改动", "请不要采用，并向持证人索取原始文件"),
    Reason.NOT_COVERED: ("文件有部分内容不在签章保护范围内", "请不要采用，并向持证人索取原始文件"),
    Reason.NO_SEAL: ("文件没有电子签章", "请向持证人索取带签章的原始文件"),
    Reason.BAD_SEAL: ("电子印章数据不正确", "请不要采用，并联系发证机关核实"),
    Reason.SEAL_MISMATCH: ("文件所附印章与签章内的印章不一致", "请不要采用，并联系发证机关核实"),
    Reason.SIGNER_NOT_IN_SEAL: ("签章人不在印章授权名单内", "请不要采用，并联系发证机关核实"),
    Reason.SEAL_EXPIRED: ("签章时电子印章不在有效期内", "请联系发证机关重新签发"),
    Reason.WEAK_DIGEST: ("文件使用了不安全的摘要算法", "请联系发证机关用国密算法重新签发"),
    Reason.BAD_TIMESTAMP: ("时间戳不正确", "请联系发证机关核实"),
    Reason.UNTRUSTED: ("签章机构不在信任名单内", "请通过发证机关的渠道另行核实"),
    Reason.EVIDENCE_TOO_OLD: ("核验依据太旧，无法判断", "请联网更新后再核验"),
    Reason.STATUS_UNREACHABLE: ("暂时查不到证照状态", "请稍后再核验"),
    Reason.TRUST_UNREACHABLE: ("暂时没有可用的信任名单", "请稍后再核验"),
    Reason.REGISTER_IN_DOUBT: (
        "登记信息与签章文件不一致，无法判断",
        "请暂不采用，并联系发证机关核实",
    ),
    Reason.UNSUPPORTED: ("文件使用了不支持的格式或算法", "请联系发证机关确认文件格式"),
}

STATE_REASONS: Mapping[LicenceState, Reason] = {
    LicenceState.EXPIRED: Reason.LICENCE_EXPIRED,
    LicenceState.SUSPENDED: Reason.LICENCE_SUSPENDED,
    LicenceState.REVOKED: Reason.LICENCE_REVOKED,
    LicenceState.WITHDRAWN: Reason.LICENCE_REVOKED,
    LicenceState.CANCELLED: Reason.LICENCE_REVOKED,
    LicenceState.SUPERSEDED: Reason.LICENCE_SUPERSEDED,
}


CHECK_TITLES: Mapping[str, str] = {
    "code": "二维码",
    "presence": "持证人在场",
    "showing": "出示人",
    "scope": "查看范围",
    "pass-signature": "签发签名",
    "signer-certificate": "签发证书",
    "signer-revocation": "签发证书吊销状态",
    "pass-validity": "离线凭证有效期",
    "proof": "手机证明",
    "replay": "重复出示",
    "status": "证照状态列表",
    "licence": "证照有效期",
    "licence-state": "证照状态",
    "issued-document": "与签发原件比对",
    "register": "登记信息与签章文件比对",
    "values": "所填信息",
    "seal": "证照文件",
    **{f"seal.{name}": words.zh for name, words in CHECKS.items()},
}
"""Titles for people; those of a document's seals are the words of its own report."""


def combine(checks: Sequence[Check]) -> Verdict:
    """The verdict that these checks add up to. No check at all is nothing to go by."""
    failed = _reasons(checks, Outcome.FAIL)
    unknown = _reasons(checks, Outcome.UNKNOWN)
    if failed:
        return _verdict(INVALID, failed, checks)
    if unknown:
        return _verdict(CANNOT_TELL, unknown, checks)
    if not any(check.outcome is Outcome.PASS for check in checks):
        return _verdict(CANNOT_TELL, (Reason.UNSUPPORTED,), checks)
    return _verdict(VALID, (), checks)


def refused(reason: Reason, *, check: str) -> Verdict:
    """An invalid verdict for one reason, for what never got as far as a licence."""
    detail = WORDS[reason][0]
    return combine((Check(name=check, outcome=Outcome.FAIL, detail=detail, reason=reason),))


def state_check(state: LicenceState, *, valid_to: date | None, at: datetime) -> Check:
    """The check of the licence's state as it is now."""
    reason = STATE_REASONS.get(state)
    until = f"，有效期至{valid_to.isoformat()}" if valid_to else "，长期"
    return Check(
        name="licence-state",
        outcome=Outcome.PASS if reason is None else Outcome.FAIL,
        detail=f"证照状态：{state.text}{until}（{at.isoformat(timespec='seconds')} 查询）",
        reason=reason,
        as_of=at,
    )


def title_of(verdict: str, reasons: Sequence[str], *, code: bool = False) -> tuple[str, str]:
    """The Chinese sentence and what to do next, by the first reason.

    `code` says that a phone was shown, so that a person stands in front of the clerk.
    """
    if verdict == VALID:
        return VALID_CODE_WORDS if code else VALID_WORDS
    return WORDS[Reason(reasons[0]) if reasons else Reason.UNSUPPORTED]


def _verdict(verdict: str, reasons: Sequence[str], checks: Sequence[Check]) -> Verdict:
    code = any(check.name == "code" for check in checks)
    title, following = title_of(verdict, reasons, code=code)
    return Verdict(
        verdict=verdict,
        reasons=tuple(reasons),
        title=title,
        next=following,
        checks=tuple(checks),
    )


def _reasons(checks: Iterable[Check], outcome: Outcome) -> tuple[str, ...]:
    found = (check.reason or Reason.UNSUPPORTED for check in checks if check.outcome is outcome)
    return tuple(dict.fromkeys(str(reason) for reason in found))
