"""Refusals of the wallet.

Whether a code or a document is good is a verdict (verdict.py), never one of these.
"""

from core.errors import Conflict, Forbidden, Gone, Invalid, NotFound, Unavailable


class LicenceNotFound(NotFound):
    """No such licence, or not the caller's: the answer is the same."""

    slug = "licence-not-found"
    title = "没有找到这张证照，请核对后再试"


class LicenceTypeNotFound(NotFound):
    """The catalogue has no such type."""

    slug = "licence-type-not-found"
    title = "没有这种证照类型，请核对后再试"


class InvalidFacts(Invalid):
    """Facts do not fit their licence type; the member `fields` says what is wrong with which."""

    slug = "invalid-facts"
    title = "证照内容有误，请按提示修改后再提交"


class LicenceNotInForce(Conflict):
    """The licence may not be shown or reused now; the member `state` says why."""

    slug = "licence-not-in-force"
    title = "这张证照目前不在有效状态，不能出示或使用"


class StateChangeNotAllowed(Conflict):
    """The licence is not in a state from which this change leads."""

    slug = "licence-state-change-not-allowed"
    title = "证照当前状态不允许这项操作，请刷新后再试"


class NotASealKeeper(Forbidden):
    """Only seal keepers and supervisors change the state of a licence or a seal."""

    slug = "licence-state-forbidden"
    title = "只有印章管理员或督办人员可以变更证照状态"


class NotALicenceOfficer(Forbidden):
    """Only a seal keeper of the issuing department issues and changes by hand."""

    slug = "licence-issue-forbidden"
    title = "只有颁证部门的印章管理员可以制发和变更证照"


class HolderDoesNotFit(Invalid):
    """A type for organisations was asked for a person, or the other way round."""

    slug = "holder-does-not-fit"
    title = "这种证照不能颁发给这类持证主体，请核对证照类型"


class GroundAlreadyUsed(Conflict):
    """The document has led to a licence that says something else."""

    slug = "ground-already-used"
    title = "这份文书已制发过内容不同的证照，请核对文书号；内容有变化的，请办理变更"


class PreviousLicenceMissing(Conflict):
    """A reissue or an endorsement needs the licence that it replaces."""

    slug = "previous-licence-missing"
    title = "没有找到要换发或签注的原证照，请先核对持证人名下的证照"


class SealNotReady(Unavailable):
    """The department has no usable e-seal; the issue waits in the outbox."""

    slug = "seal-not-ready"
    title = "发证部门的电子印章尚未启用，请联系印章管理员"


class SealFrozen(SealNotReady):
    """The department's seal is frozen; the issue waits until it is put back to use."""

    slug = "seal-frozen"
    title = "发证部门的电子印章已被冻结，解冻后系统会自动继续"


class SealExpired(SealNotReady):
    """The department's seal is past its validity; the issue waits for its renewal."""

    slug = "seal-expired"
    title = "发证部门的电子印章已过有效期，请先办理换发"


class SealNotFound(NotFound):
    """No such seal, or another department's."""

    slug = "seal-not-found"
    title = "没有找到这枚电子印章，请刷新后再试"


class SealStateChangeNotAllowed(Conflict):
    """The seal is not in a state from which this change leads."""

    slug = "seal-state-change-not-allowed"
    title = "印章当前状态不允许这项操作，请刷新后再试"


class SecondPersonNeeded(Conflict):
    """Making and destroying a seal take two different officers."""

    slug = "second-person-needed"
    title = "这项操作须由另一名工作人员完成"


class ProposalNotFound(NotFound):
    """No such proposal, or another department's."""

    slug = "seal-proposal-not-found"
    title = "没有找到这份制章申请，请刷新后再试"


class ProposalClosed(Conflict):
    """The proposal was decided before."""

    slug = "seal-proposal-closed"
    title = "这份制章申请已经办结，请刷新后查看"


class ProposalRefused(Invalid):
    """A seal like this cannot be made; the detail says why."""

    slug = "seal-proposal-invalid"
    title = "制章申请的内容不符合要求，请修改后再提交"


class IssueFailed(Unavailable):
    """A freshly sealed licence did not verify; nothing was stored."""

    slug = "issue-failed"
    title = "证照签章未通过自检，系统会自动重试"


class PresentationNotFound(NotFound):
    """No such presentation, or not the caller's."""

    slug = "presentation-not-found"
    title = "没有找到这次亮证，请重新打开证照"


class UnreadableDocument(Invalid):
    """What was posted is neither an OFD nor a PDF document."""

    slug = "unreadable-document"
    title = "文件不是可识别的 OFD 或 PDF 版式文件，请上传原始证照文件"


class VerificationNotFound(NotFound):
    """No such verification, or another caller's."""

    slug = "verification-not-found"
    title = "没有找到这次核验，请核对编号后再试"


class RequestKeyReused(Invalid):
    """The idempotency key was used before for another document."""

    slug = "idempotency-key-reused"
    title = "同一个请求编号不能用于不同的内容，请刷新后重试"


class StatusListNotFound(NotFound):
    """No list has this number, or the moment asked for is not in the past."""

    slug = "status-list-not-found"
    title = "没有找到这份证照状态列表，请核对编号和时间"


class ListsNotReady(Unavailable):
    """The key that signs status and trust lists is away, and the last edition has run out."""

    slug = "lists-not-ready"
    title = "证照状态列表暂时无法签发，请稍后再试"


class PhoneKeyMissing(Conflict):
    """This session has registered no key of the phone yet."""

    slug = "phone-key-missing"
    title = "这台手机还没有登记密钥，请重新打开离线码页面"


class InvalidPhoneKey(Invalid):
    """Not a point on P-256."""

    slug = "invalid-phone-key"
    title = "手机密钥的格式不正确，请重新打开离线码页面"


class FieldNotOffered(Invalid):
    """A pass holds only fields its type offers offline; the member `fields` names the others."""

    slug = "field-not-offered"
    title = "选择的内容不能放进离线码，请重新选择"


class PrintedCodeNotFound(NotFound):
    """No licence has this printed code, or its check characters are wrong: the answer is alike."""

    slug = "printed-code-not-found"
    title = "没有找到对应的证照，请核对打印件上的二维码"


class ReadingNotPossible(Invalid):
    """A reading without network is too old, in the future, or not of an offline pass."""

    slug = "reading-not-possible"
    title = "离线核验记录的时间或内容不符合要求，无法补录"


class UseNotFound(NotFound):
    """No such record, or in another holder's log."""

    slug = "use-not-found"
    title = "没有找到这条查看记录，请刷新后再试"


class AlreadyComplained(Conflict):
    """There is one complaint for each look."""

    slug = "already-complained"
    title = "您已就这条记录提出过异议，请等待答复"


class ComplaintNotFound(NotFound):
    """No such complaint, or another department's."""

    slug = "complaint-not-found"
    title = "没有找到这件异议，请刷新后再试"


class ComplaintClosed(Conflict):
    """The complaint was answered before."""

    slug = "complaint-closed"
    title = "这件异议已经答复，请刷新后查看"


class AnchorNotFound(NotFound):
    """There is no such anchor."""

    slug = "anchor-not-found"
    title = "没有这个日志锚点，请核对编号"


class AnchorForgotten(Gone):
    """The records the anchor speaks of have served their time."""

    slug = "anchor-forgotten"
    title = "这个日志锚点的保存期已过"


class LogSizeUnknown(Invalid):
    """The transparency log has not this size, or the sizes are not in order."""

    slug = "log-size-unknown"
    title = "透明日志没有这个大小，请先读取最新的检查点"


class LogEntryNotFound(NotFound):
    """No entry with this leaf hash in the log of that size, or none is integrated yet."""

    slug = "log-entry-not-found"
    title = "透明日志中还没有这条记录，请稍后再试"


class AuthorisationNotFound(NotFound):
    """No such authorisation, or not the caller's: the answer is the same."""

    slug = "authorisation-not-found"
    title = "没有找到这项授权，请核对后再试"


class AuthorisationInvalid(Invalid):
    """An authorisation like this cannot be given; the detail says why."""

    slug = "authorisation-invalid"
    title = "授权内容不符合要求，请修改后再提交"


class AuthorisationOver(Conflict):
    """Taken back, declined, ended or used up; the member `state` says which."""

    slug = "authorisation-over"
    title = "这项授权已经失效，如仍需要请联系持证人重新授权"


class ShareCodeRefused(Forbidden):
    """The link's code is wrong, or the link is over; after five wrong codes it is over."""

    slug = "share-code-refused"
    title = "链接或提取码不正确，或分享已经失效，请向持证人核对"


class CopyNotAvailable(Conflict):
    """The material is no licence, or the case is over: there is nothing to show."""

    slug = "copy-not-available"
    title = "这份材料没有可以查看的证照加注件"


class BatchNotFound(NotFound):
    """No such batch, or another department's."""

    slug = "intake-batch-not-found"
    title = "没有找到这个归集批次，请核对后再试"


class BatchNumberReused(Conflict):
    """The batch number was used before for another file."""

    slug = "intake-batch-number-reused"
    title = "这个批次号已用于另一个文件，请换一个批次号"


class OnlyData(Conflict):
    """Taken in as data, without a seal, and no second officer has vouched for it."""

    slug = "licence-only-data"
    title = "这张证照是归集来的数据，尚未复核，不能出示、下载或授权，请联系发证部门"


class BatchDecided(Conflict):
    """Somebody has decided about the batch already; the member `state` says what it is."""

    slug = "intake-batch-decided"
    title = "这个批次已经处理，请刷新后查看"


class BatchUnreadable(Invalid):
    """The file is neither lines of JSON nor a ZIP of OFD documents, or it is too large."""

    slug = "intake-batch-unreadable"
    title = "归集文件无法读取，请按说明的格式重新生成"
