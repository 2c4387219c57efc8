"""Everything a verification can find: check name, usual outcome, reason word, sentences.

The reason words are the closed list that the API, the pages and docs/verdicts.md use. A policy may
give a finding another outcome; nothing else decides outcomes.
"""

from collections.abc import Mapping
from types import MappingProxyType

from signing.report.finding import FAIL, PASS, SKIPPED, UNKNOWN, WARNING, Finding
from signing.report.findings_of_certificates import CERTIFICATES, TIMESTAMPS
from signing.report.findings_of_passes import PASSES
from signing.report.findings_of_stamps import STAMPS

_WORDS = (
    "unreadable not-a-licence-code unknown-issuer bad-signature certificate-expired "
    "certificate-revoked not-yet-valid expired code-expired code-used code-stopped replayed "
    "clock-unsure bad-proof unbound licence-expired licence-suspended licence-revoked "
    "licence-superseded content-changed not-covered no-seal bad-seal seal-mismatch "
    "signer-not-in-seal seal-expired weak-digest bad-timestamp untrusted evidence-too-old "
    "status-unreachable trust-unreachable unsupported"
)
REASONS: frozenset[str] = frozenset(_WORDS.split())


_PACKAGE = {
    "package-good": Finding("package", PASS, None, "文件包结构完好。", "The package is sound."),
    "package-unsafe": Finding(
        "package",
        FAIL,
        "unreadable",
        "文件包损坏或含有不安全的结构，无法核验。",
        "The package is damaged or unsafe: {problem}.",
    ),
    "xml-unreadable": Finding(
        "package", FAIL, "unreadable", "文件 {file} 无法读取。", "{file} cannot be read: {problem}."
    ),
    "xml-slip": Finding(
        "package",
        WARNING,
        None,
        "受签章保护的文件 {file} 格式不规范。",
        "{file} is signed but not well-formed: {problem}.",
    ),
    "no-signature": Finding(
        "signature-list",
        FAIL,
        "no-seal",
        "文件没有电子签章。",
        "The document carries no seal or signature.",
    ),
    "signature-list-missing": Finding(
        "signature-list",
        FAIL,
        "content-changed",
        "签章列表文件缺失，文件可能被改动过。",
        "OFD.xml names the signature list {file}, which is not in the package.",
    ),
    "signature-list-good": Finding(
        "signature-list",
        PASS,
        None,
        "签章列表可读，共 {count} 个签章。",
        "{count} signatures listed.",
    ),
    "covered": Finding(
        "coverage", PASS, None, "显示的内容全部受签章保护。", "All displayed content is signed."
    ),
    "uncovered": Finding(
        "coverage",
        FAIL,
        "not-covered",
        "有显示内容不在签章保护范围内。",
        "Displayed content outside every good signature: {files}.",
    ),
    "partly-covered": Finding(
        "coverage",
        WARNING,
        None,
        "此签章没有覆盖全部显示内容，未覆盖的部分由其他签章保护。",
        "This signature leaves to others: {files}.",
    ),
    "document-uncovered": Finding(
        "coverage",
        FAIL,
        "not-covered",
        "此签章保护的不是当前显示的文件。",
        "This signature does not cover {file}, the document on display.",
    ),
    "ofdxml-uncovered": Finding(
        "coverage",
        WARNING,
        None,
        "主文件 OFD.xml 未受签章保护，其中的元数据不可采信。",
        "OFD.xml is not signed: do not trust the metadata in it.",
    ),
    "seal-struck": Finding(
        "coverage",
        WARNING,
        None,
        "文件中原有的签章被移出签章列表，不再显示。",
        "Signatures that no list names any more: {files}.",
    ),
    "smuggled": Finding(
        "coverage",
        WARNING,
        None,
        "文件包中夹带了未被引用的文件。",
        "Files that nothing refers to: {files}.",
    ),
}

_REFERENCES = {
    "references-good": Finding(
        "references", PASS, None, "受保护的 {count} 个文件均未改动。", "{count} digests match."
    ),
    "reference-changed": Finding(
        "references",
        FAIL,
        "content-changed",
        "签章之后内容被改动：{files}。",
        "Changed after signing: {files}.",
    ),
    "reference-missing": Finding(
        "references",
        FAIL,
        "content-changed",
        "受保护的文件缺失：{files}。",
        "Signed files are missing: {files}.",
    ),
    "references-empty": Finding(
        "references",
        FAIL,
        "not-covered",
        "签章没有保护任何文件。",
        "The signature refers to no file.",
    ),
    "references-unchecked": Finding(
        "references",
        SKIPPED,
        None,
        "没有原文件，未检查受保护的内容。",
        "The signed files are not at hand and were not compared.",
    ),
    "weak-digest": Finding(
        "digest-method",
        FAIL,
        "weak-digest",
        "使用了不安全的摘要算法 {method}。",
        "Weak digest method {method}.",
    ),
    "digest-unknown": Finding(
        "digest-method",
        FAIL,
        "unsupported",
        "不支持的摘要方法 {method}。",
        "Digest method {method} is not supported.",
    ),
    "data-hash-good": Finding(
        "signature-file", PASS, None, "签章描述文件未改动。", "Signature.xml is what was signed."
    ),
    "data-hash-bad": Finding(
        "signature-file",
        FAIL,
        "content-changed",
        "签章描述文件被改动。",
        "Signature.xml differs from what was signed.",
    ),
    "signature-file-missing": Finding(
        "signature-file", FAIL, "bad-signature", "签章文件 {file} 缺失。", "{file} is missing."
    ),
    "signature-file-unreadable": Finding(
        "signature-file",
        FAIL,
        "bad-signature",
        "签章描述文件无法读取。",
        "Signature.xml cannot be read: {problem}.",
    ),
    "property-info-differs": Finding(
        "signature-file",
        WARNING,
        None,
        "签章数据中记录的原文位置与实际不符。",
        "propertyInfo names {stated}, not {file}.",
    ),
    "base-invalid": Finding(
        "base-signature",
        FAIL,
        "content-changed",
        "所依据的前一签章缺失或无效。",
        "The signature rests on {base}, which is missing or does not verify.",
    ),
}

_SIGNATURE = {
    "signature-good": Finding("signature", PASS, None, "签名值正确。", "The signature verifies."),
    "signature-bad": Finding(
        "signature", FAIL, "bad-signature", "签名值不正确。", "The signature does not verify."
    ),
    "signed-value-malformed": Finding(
        "signature",
        FAIL,
        "bad-signature",
        "签章数据格式错误。",
        "The signature data is malformed: {problem}.",
    ),
    "trailing-bytes": Finding(
        "encoding",
        FAIL,
        "bad-signature",
        "签章数据后附有多余字节。",
        "{count} bytes follow the signature data.",
    ),
    "wrong-algorithm": Finding(
        "algorithm",
        FAIL,
        "bad-signature",
        "签名算法标识 {oid} 不是签名算法。",
        "{oid} does not name a signature algorithm.",
    ),
    "algorithm-unsupported": Finding(
        "algorithm",
        UNKNOWN,
        "unsupported",
        "暂不支持的签名算法 {oid}。",
        "Signature algorithm {oid} is not supported.",
    ),
    "algorithm-differs": Finding(
        "algorithm",
        WARNING,
        None,
        "描述文件中的签名算法与签章数据不一致。",
        "Signature.xml says {stated}, the signature data {oid}.",
    ),
    "bare-signature": Finding(
        "signature",
        UNKNOWN,
        "unsupported",
        "签名值不含证书，无法判断签名人。",
        "A bare signature value without a certificate.",
    ),
    "raw-signature": Finding(
        "encoding",
        WARNING,
        None,
        "签名值为 64 字节裸值，不是标准的 DER 编码。",
        "The {role}'s signature is raw r‖s, not DER.",
    ),
    "sign-octet-missing": Finding(
        "encoding",
        WARNING,
        None,
        "签名值的整数缺少符号字节，不是标准的 DER 编码。",
        "The {role}'s signature holds integers without their sign octet.",
    ),
    "unused-bits": Finding(
        "encoding", WARNING, None, "位串编码不规范。", "A BIT STRING has a false unused-bits octet."
    ),
    "time-unknown": Finding(
        "signing-time",
        UNKNOWN,
        "clock-unsure",
        "签章时间无法识别。",
        "The signing time cannot be read: {stated}.",
    ),
    "time-future": Finding(
        "signing-time",
        FAIL,
        "not-yet-valid",
        "签章时间晚于当前时间。",
        "Signed at {signed_at}, later than now.",
    ),
    "time-known": Finding("signing-time", PASS, None, "签章时间可识别。", "Signed at {signed_at}."),
    "time-zone-assumed": Finding(
        "signing-time",
        WARNING,
        None,
        "签章时间未注明时区，按北京时间理解。",
        "The signing time has no zone; taken as Asia/Shanghai.",
    ),
    "time-unstated": Finding(
        "signing-time",
        SKIPPED,
        None,
        "签名数据未注明签名时间，按核验时间判断证书。",
        "No signing time is stated; certificates are judged at the time of the check.",
    ),
}

_SEAL = {
    "seal-good": Finding("seal", PASS, None, "印章由制章人签名，未改动。", "The seal verifies."),
    "seal-bad": Finding(
        "seal", FAIL, "bad-seal", "印章数据被改动或伪造。", "The maker's signature is wrong."
    ),
    "seal-malformed": Finding(
        "seal", FAIL, "bad-seal", "印章数据格式错误。", "The seal is malformed: {problem}."
    ),
    "seal-version-differs": Finding(
        "seal",
        WARNING,
        None,
        "印章与签章数据不是同一版本的格式，其他软件可能无法识别。",
        "A {around} signature around a {seal} seal: other readers may not read it.",
    ),
    "seal-file-good": Finding(
        "seal-file", PASS, None, "印章文件与签章内的印章一致。", "Seal.esl equals the seal signed."
    ),
    "seal-file-differs": Finding(
        "seal-file",
        FAIL,
        "seal-mismatch",
        "印章文件与签章内的印章不一致。",
        "Seal.esl differs from the seal signed.",
    ),
    "seal-file-missing": Finding(
        "seal-file", FAIL, "seal-mismatch", "印章文件缺失。", "{file} is named but missing."
    ),
    "seal-file-unnamed": Finding(
        "seal-file", SKIPPED, None, "未附印章文件。", "No separate seal file is named."
    ),
    "signer-listed": Finding(
        "signer-in-seal", PASS, None, "签章人在印章授权名单内。", "The seal lists the signer."
    ),
    "signer-not-listed": Finding(
        "signer-in-seal",
        FAIL,
        "signer-not-in-seal",
        "签章人不在印章授权名单内。",
        "The seal does not list the signer's certificate.",
    ),
    "seal-in-time": Finding(
        "seal-validity", PASS, None, "签章时印章在有效期内。", "The seal was in its validity."
    ),
    "seal-expired": Finding(
        "seal-validity",
        FAIL,
        "seal-expired",
        "签章时印章已过有效期。",
        "The seal ended {ended}, before the signing time.",
    ),
    "seal-not-yet": Finding(
        "seal-validity",
        FAIL,
        "not-yet-valid",
        "签章时印章尚未生效。",
        "The seal begins {begins}, after the signing time.",
    ),
    "seal-time-zone-assumed": Finding(
        "seal-validity",
        WARNING,
        None,
        "印章的时间未注明时区，按北京时间理解。",
        "The times of the seal have no zone; taken as Asia/Shanghai.",
    ),
    "seal-made-outside-maker": Finding(
        "seal-validity",
        WARNING,
        None,
        "印章制作时间不在制章证书有效期内。",
        "The seal states a making time outside the maker's certificate.",
    ),
    "maker-expired-later": Finding(
        "seal-validity",
        WARNING,
        None,
        "制章证书在制章之后到期。",
        "The maker's certificate expired after the seal was made.",
    ),
    "maker-not-listed": Finding(
        "maker-certificate",
        FAIL,
        "untrusted",
        "制章人不是受信任的制章机构。",
        "{subject} is not among the listed seal makers of its authority.",
    ),
    "maker-is-signer": Finding(
        "seal", WARNING, None, "制章人与签章人为同一证书。", "Maker and signer are the same."
    ),
}

FINDINGS: Mapping[str, Finding] = MappingProxyType(
    {
        **_PACKAGE,
        **_REFERENCES,
        **_SIGNATURE,
        **_SEAL,
        **STAMPS,
        **CERTIFICATES,
        **TIMESTAMPS,
        **PASSES,
    }
)
