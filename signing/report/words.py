"""What the words of a report mean, in Chinese and English. One entry for every word there is."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from signing.report.report import Outcome, Verdict


class Words(NamedTuple):
    zh: str
    en: str

    def both(self, separator: str = " ") -> str:
        return f"{self.zh}{separator}{self.en}"


VERDICTS: Mapping[Verdict, Words] = MappingProxyType(
    {
        Verdict.VALID: Words("有效", "Valid"),
        Verdict.INVALID: Words("无效", "Invalid"),
        Verdict.CANNOT_TELL: Words("无法判断", "Cannot tell"),
    }
)

OUTCOMES: Mapping[Outcome, Words] = MappingProxyType(
    {
        Outcome.PASS: Words("通过", "passed"),
        Outcome.FAIL: Words("不通过", "failed"),
        Outcome.UNKNOWN: Words("无法确认", "unknown"),
        Outcome.WARNING: Words("提示", "note"),
        Outcome.SKIPPED: Words("未检查", "not checked"),
    }
)

CHECKS: Mapping[str, Words] = MappingProxyType(
    {
        "package": Words("文件结构", "File structure"),
        "signature-list": Words("签章列表", "List of signatures"),
        "references": Words("受保护内容", "Signed content"),
        "digest-method": Words("摘要算法", "Digest method"),
        "signature-file": Words("签章描述", "Signature description"),
        "base-signature": Words("所依据的签章", "Signature it rests on"),
        "signing-time": Words("签章时间", "Signing time"),
        "timestamp": Words("时间戳", "Time stamp"),
        "tsa-certificate": Words("时间戳证书", "Time-stamp certificate"),
        "tsa-revocation": Words("时间戳证书吊销状态", "Time-stamp certificate revocation"),
        "algorithm": Words("签名算法", "Signature algorithm"),
        "encoding": Words("编码", "Encoding"),
        "signature": Words("签名值", "Signature value"),
        "signer-certificate": Words("签章人证书", "Signer's certificate"),
        "signer-revocation": Words("签章人证书吊销状态", "Signer's certificate revocation"),
        "seal-file": Words("印章文件", "Seal file"),
        "signer-in-seal": Words("签章人授权", "Signer listed in the seal"),
        "seal": Words("印章", "Seal"),
        "seal-validity": Words("印章有效期", "Validity of the seal"),
        "maker-certificate": Words("制章人证书", "Seal maker's certificate"),
        "maker-revocation": Words("制章人证书吊销状态", "Seal maker's certificate revocation"),
        "stamps": Words("印章位置", "Place of the seal"),
        "coverage": Words("内容覆盖", "Coverage of what is shown"),
        "code": Words("证照码", "Licence code"),
        "pass-signature": Words("离线凭证签名", "Signature of the offline pass"),
        "pass-validity": Words("离线凭证有效期", "Validity of the offline pass"),
        "proof": Words("持证人证明", "Holder's proof"),
        "replay": Words("重复使用", "Use twice"),
        "status": Words("证照状态", "Status"),
        "licence": Words("证照", "Licence"),
    }
)

REASONS: Mapping[str, Words] = MappingProxyType(
    {
        "unreadable": Words("文件损坏或无法读取", "the file is damaged or unreadable"),
        "not-a-licence-code": Words("不是证照码", "not a licence code"),
        "unknown-issuer": Words("颁发机构不在信任列表中", "the issuer is not in the trust list"),
        "bad-signature": Words("签名不正确", "the signature is wrong"),
        "certificate-expired": Words("签章时证书已过期", "the certificate had expired"),
        "certificate-revoked": Words("证书已被吊销", "the certificate is revoked"),
        "not-yet-valid": Words("尚未生效", "not valid yet"),
        "expired": Words("已过期", "expired"),
        "code-expired": Words("证照码已过期", "the code has expired"),
        "code-used": Words("证照码已使用", "the code has been used"),
        "code-stopped": Words("证照码已停用", "the code has been stopped"),
        "replayed": Words("重复使用", "used twice"),
        "clock-unsure": Words("时间无法确定", "the time is not certain"),
        "bad-proof": Words("持证人证明不正确", "the holder's proof is wrong"),
        "unbound": Words("未绑定设备", "not bound to a device"),
        "licence-expired": Words("证照已过期", "the licence has expired"),
        "licence-suspended": Words("证照已暂停", "the licence is suspended"),
        "licence-revoked": Words("证照已吊销", "the licence is revoked"),
        "licence-superseded": Words("证照已换发", "the licence has been replaced"),
        "content-changed": Words("签章之后内容被改动", "the content was changed after signing"),
        "not-covered": Words("有内容不受签章保护", "some content is not signed"),
        "no-seal": Words("没有电子签章", "there is no seal or signature"),
        "bad-seal": Words("印章被伪造或损坏", "the seal is forged or damaged"),
        "seal-mismatch": Words("印章文件与签章不一致", "seal file and signature differ"),
        "signer-not-in-seal": Words("签章人未获印章授权", "the seal does not list the signer"),
        "seal-expired": Words("签章时印章已过期", "the seal had expired"),
        "weak-digest": Words("使用了不安全的摘要算法", "a weak digest was used"),
        "bad-timestamp": Words("时间戳不正确", "the time stamp is wrong"),
        "untrusted": Words("证书不可信", "the certificate is not trusted"),
        "evidence-too-old": Words("吊销信息已过期", "revocation evidence is out of date"),
        "status-unreachable": Words("无法取得状态信息", "the status cannot be had"),
        "trust-unreachable": Words("没有可用的信任列表", "there is no trust list"),
        "unsupported": Words("使用了不支持的算法或格式", "something unsupported is used"),
    }
)


def check_words(name: str) -> Words:
    """The label of a check; a name not foreseen stands for itself."""
    return CHECKS.get(name, Words(name, name))


def reason_words(reason: str) -> Words:
    return REASONS.get(reason, Words(reason, reason))
