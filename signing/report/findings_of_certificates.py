"""Findings about certificates, revocation and time stamps; `findings` joins them to the rest.

`{role}` is signer, maker or tsa.
"""

from signing.report.finding import FAIL, PASS, SKIPPED, UNKNOWN, WARNING, Finding

CERTIFICATES = {
    "certificate-good": Finding(
        "{role}-certificate",
        PASS,
        None,
        "证书可信、用途正确且在有效期内。",
        "{subject} is trusted.",
    ),
    "certificate-malformed": Finding(
        "{role}-certificate",
        FAIL,
        "bad-signature",
        "证书格式错误。",
        "The {role}'s certificate is malformed: {problem}.",
    ),
    "issuer-unknown": Finding(
        "{role}-certificate",
        UNKNOWN,
        "unknown-issuer",
        "证书颁发机构不在信任列表中。",
        "{subject} is issued by {issuer}, which is not in the trust list.",
    ),
    "issuer-lookalike": Finding(
        "{role}-certificate",
        FAIL,
        "untrusted",
        "颁发机构自称属于受信任的机构，但不在信任列表中。",
        "{issuer} bears the name of a listed authority but is not one.",
    ),
    "chain-broken": Finding(
        "{role}-certificate",
        FAIL,
        "untrusted",
        "证书链无效。",
        "The {role}'s certificate chain is broken: {problem}.",
    ),
    "certificate-refused": Finding(
        "{role}-certificate",
        FAIL,
        "untrusted",
        "证书或其颁发机构已被列为不可信。",
        "{subject} is on the list of refused certificates.",
    ),
    "trust-absent": Finding(
        "{role}-certificate",
        UNKNOWN,
        "trust-unreachable",
        "没有可用的信任列表。",
        "There is no trust list to judge by.",
    ),
    "chain-unsupported": Finding(
        "{role}-certificate",
        UNKNOWN,
        "unsupported",
        "证书链使用了不支持的算法或扩展。",
        "The chain needs something unsupported: {problem}.",
    ),
    "key-usage-wrong": Finding(
        "{role}-certificate",
        FAIL,
        "untrusted",
        "证书不允许用于此用途。",
        "{subject} may not be used for this.",
    ),
    "certificate-expired": Finding(
        "{role}-certificate",
        FAIL,
        "certificate-expired",
        "当时证书已过期。",
        "{subject} ended {ended}.",
    ),
    "certificate-not-yet": Finding(
        "{role}-certificate",
        FAIL,
        "not-yet-valid",
        "当时证书尚未生效。",
        "{subject} begins {begins}.",
    ),
    "certificate-window-unknown": Finding(
        "{role}-certificate",
        UNKNOWN,
        "clock-unsure",
        "签名时间未知，无法判断当时证书是否有效。",
        "{subject} is not valid now, and when it signed is not known.",
    ),
    "revocation-good": Finding(
        "{role}-revocation", PASS, None, "证书未被吊销。", "Not revoked as of {as_of}."
    ),
    "revoked": Finding(
        "{role}-revocation",
        FAIL,
        "certificate-revoked",
        "证书已被吊销。",
        "{subject} was revoked at {revoked_at}.",
    ),
    "revoked-later": Finding(
        "{role}-revocation",
        WARNING,
        None,
        "证书在签章之后被吊销。",
        "{subject} was revoked at {revoked_at}, after signing.",
    ),
    "revocation-unchecked": Finding(
        "{role}-revocation",
        SKIPPED,
        "status-unreachable",
        "没有吊销列表，也没有在线状态答复，未检查吊销状态。",
        "No revocation list from {issuer} and no answer of its status service is at hand.",
    ),
    "revocation-missing": Finding(
        "{role}-revocation",
        UNKNOWN,
        "status-unreachable",
        "证书链中有一级缺少吊销列表或在线状态答复，无法判断是否被吊销。",
        "There is revocation evidence about this chain, but none from {issuer}.",
    ),
    "revocation-stale": Finding(
        "{role}-revocation",
        UNKNOWN,
        "evidence-too-old",
        "吊销列表或在线状态答复已过期。",
        "The revocation evidence of {issuer} ended {ended}.",
    ),
    "revocation-unusable": Finding(
        "{role}-revocation",
        UNKNOWN,
        "status-unreachable",
        "吊销列表或在线状态答复无法使用。",
        "Revocation evidence of {issuer} cannot be used: {problem}.",
    ),
}

TIMESTAMPS = {
    "timestamp-good": Finding(
        "timestamp", PASS, None, "时间戳有效。", "Time-stamped at {stamped_at}."
    ),
    "timestamp-absent": Finding(
        "timestamp",
        SKIPPED,
        None,
        "没有时间戳，签章时间为签章人自述。",
        "No time stamp: the signing time is the signer's own word.",
    ),
    "timestamp-bad": Finding(
        "timestamp", FAIL, "bad-timestamp", "时间戳无效。", "The time stamp is wrong: {problem}."
    ),
    "timestamp-older": Finding(
        "timestamp",
        WARNING,
        None,
        "时间戳早于所称的签章时间。",
        "Time-stamped at {stamped_at}, before the stated time {stated}.",
    ),
    "timestamp-unsupported": Finding(
        "timestamp",
        UNKNOWN,
        "unsupported",
        "暂不支持的时间戳算法。",
        "The time stamp needs {problem}.",
    ),
}
