"""Findings about offline licence passes; `findings` joins them to the rest."""

from signing.report.finding import FAIL, PASS, UNKNOWN, WARNING, Finding

PASSES = {
    "pass-foreign": Finding(
        "code", FAIL, "not-a-licence-code", "这不是电子证照码。", "This is not a licence code."
    ),
    "pass-unreadable": Finding(
        "code", FAIL, "unreadable", "证照码无法读取，请重新出示。", "Unreadable: {problem}."
    ),
    "pass-issuer-unknown": Finding(
        "pass-signature",
        UNKNOWN,
        "unknown-issuer",
        "签发机构不在信任列表中，请更新后再核验。",
        "The issuer is not known here: {problem}.",
    ),
    "pass-signature-good": Finding(
        "pass-signature", PASS, None, "证照码由签发机构签名。", "Signed by {subject}."
    ),
    "pass-signature-bad": Finding(
        "pass-signature",
        FAIL,
        "bad-signature",
        "证照码的签名不正确。",
        "The issuer's signature is wrong.",
    ),
    "pass-in-time": Finding(
        "pass-validity", PASS, None, "证照码在有效期内。", "In its validity until {ended}."
    ),
    "pass-expired": Finding(
        "pass-validity",
        FAIL,
        "expired",
        "证照码已过期，请联网更新后再出示。",
        "The pass ended {ended}.",
    ),
    "pass-not-yet": Finding(
        "pass-validity", FAIL, "not-yet-valid", "证照码尚未生效。", "The pass begins {begins}."
    ),
    "proof-good": Finding(
        "proof", PASS, None, "由持有人的手机出示。", "Shown by the phone it is bound to."
    ),
    "proof-bad": Finding(
        "proof",
        FAIL,
        "bad-proof",
        "证照码不是由持有人的手机出示的。",
        "The phone's proof is missing or wrong.",
    ),
    "proof-late": Finding(
        "proof",
        FAIL,
        "code-expired",
        "证照码已失效，请持有人重新打开亮证页面。",
        "The proof is {age} seconds away from now.",
    ),
    "unbound": Finding(
        "proof",
        WARNING,
        None,
        "证照码未与手机绑定，请核对本人。",
        "Bound to no phone: compare the person.",
    ),
    "unbound-long": Finding(
        "proof",
        FAIL,
        "unbound",
        "证照码未与手机绑定，不予接受。",
        "Bound to no phone and valid for more than five minutes.",
    ),
    "replayed": Finding(
        "replay",
        FAIL,
        "replayed",
        "该证照码刚刚已被读取过，请持有人刷新后重新出示。",
        "This very code was read before.",
    ),
    "not-replayed": Finding("replay", PASS, None, "证照码为首次读取。", "Read for the first time."),
    "status-valid": Finding(
        "status", PASS, None, "证照状态正常。", "Not revoked or suspended as of {as_of}."
    ),
    "status-revoked": Finding(
        "status", FAIL, "licence-revoked", "证照已注销或吊销。", "Revoked as of {as_of}."
    ),
    "status-suspended": Finding(
        "status", FAIL, "licence-suspended", "证照已被暂停使用。", "Suspended as of {as_of}."
    ),
    "status-superseded": Finding(
        "status",
        FAIL,
        "licence-superseded",
        "证照已换发新版本。",
        "Superseded by a newer version as of {as_of}.",
    ),
    "status-absent": Finding(
        "status",
        UNKNOWN,
        "status-unreachable",
        "没有可用的证照状态列表。",
        "There is no usable status list {list}.",
    ),
    "status-old": Finding(
        "status",
        UNKNOWN,
        "evidence-too-old",
        "证照状态列表过旧，请联网更新。",
        "The status list is from {as_of}.",
    ),
    "licence-in-time": Finding("licence", PASS, None, "证照在有效期内。", "The licence runs."),
    "licence-expired": Finding(
        "licence", FAIL, "licence-expired", "证照已过有效期。", "The licence ended {ended}."
    ),
}
