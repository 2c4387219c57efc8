"""Why the case side refuses.

Invalid        InvalidForm
               CaseIncomplete  FormNotSigned  GuideStopped  WrongApplicant  MaterialNotApplicable
               WayNotOffered  EmptyFile  NotAnAcceptedType  UnreadableFile  TooManyFiles
               InvalidSupplement  ReasonMissing  EmptyMessage  UnknownPicture
NotFound       CaseNotFound  MaterialNotFound  UploadNotFound
               FileNotFound  SupplementNotFound  MessageNotFound
Conflict       SignedForAnother  TransitionNotAllowed  CaseChanged  SupplementAlreadyRequested
               MaterialsLocked  ConversationClosed  MessageKeyReused
               WrongOffset  UploadBusy (423, as tus servers say)
TooLarge       FileTooLarge
TooMany        TooManyUploads  TooManyMessages  TooManyDrafts
Gone           UploadGone
Malformed      BadChecksum  ChecksumMismatch (460)
Unavailable    CalendarMissing  NumbersExhausted
"""

from core.clocks.workdays import CalendarMissing as CalendarMissing
from core.errors import (
    Conflict,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    TooLarge,
    TooMany,
    Unavailable,
)


class GuideStopped(Invalid):
    slug = "guide-stopped"
    title = "您选择的情形不能在线办理这个事项，请查看说明"


class WrongApplicant(Invalid):
    slug = "wrong-applicant"
    title = "这个事项不对您当前的身份开放，请切换办事身份后再试"


class InvalidForm(Invalid):
    slug = "invalid-form"
    title = "填写的内容有误，请按提示修改"


class CaseIncomplete(Invalid):
    slug = "case-incomplete"
    title = "还有内容没有完成，请按提示补齐后再提交"


class FormNotSigned(Invalid):
    slug = "form-not-signed"
    title = "申请表还没有签署，或签署后又有改动，请签署后再提交"


class SignedForAnother(Conflict):
    slug = "signed-for-another"
    title = "请先切换到这份申请的申请人（本人或单位），再签署申请表"


class MaterialNotApplicable(Invalid):
    slug = "material-not-applicable"
    title = "您选择的情形不需要这份材料"


class WayNotOffered(Invalid):
    slug = "way-not-offered"
    title = "这份材料不能用这种方式提供，请换一种方式"


class EmptyFile(Invalid):
    slug = "empty-file"
    title = "文件是空的，请重新选择文件"


class NotAnAcceptedType(Invalid):
    slug = "not-an-accepted-type"
    title = "文件的实际类型不符合要求，请换成要求的格式"


class UnreadableFile(Invalid):
    slug = "unreadable-file"
    title = "文件打不开，可能已经损坏，请重新拍摄或导出后上传"


class HarmfulFile(Invalid):
    slug = "harmful-file"
    title = "文件没有通过安全检查，请换一个文件"


class CannotStraighten(Invalid):
    slug = "cannot-straighten"
    title = "这个文件不能裁切，请重新拍照上传"


class BadCorners(Invalid):
    slug = "bad-corners"
    title = "请把四个角依次放在纸张的四角上"


class NothingToCombine(Invalid):
    slug = "nothing-to-combine"
    title = "至少要有两张照片才能合成 PDF，请先上传照片"


class TooManyFiles(Invalid):
    slug = "too-many-files"
    title = "这份材料的页数已经达到上限，请先删除再上传"


class InvalidSupplement(Invalid):
    slug = "invalid-supplement"
    title = "补正通知有误，请逐项写明需要补正的材料和原因"


class ReasonMissing(Invalid):
    slug = "reason-missing"
    title = "请写明理由，申请人有权知道"


class CaseNotFound(NotFound):
    slug = "case-not-found"
    title = "没有找到这个办件，请核对后再试"


class MaterialNotFound(NotFound):
    slug = "material-not-found"
    title = "这个事项没有这份材料，请刷新后再试"


class UploadNotFound(NotFound):
    slug = "upload-not-found"
    title = "没有找到这次上传，请重新选择文件"


class NoThumbnail(NotFound):
    slug = "no-thumbnail"
    title = "这个文件没有缩略图，请打开原文件查看"


class FileNotFound(NotFound):
    slug = "file-not-found"
    title = "没有找到这个文件，请刷新后再试"


class SupplementNotFound(NotFound):
    slug = "supplement-not-found"
    title = "没有找到这份补正通知，请刷新后再试"


class TransitionNotAllowed(Conflict):
    slug = "transition-not-allowed"
    title = "办件当前的状态不能进行这项操作，请刷新后再看"


class CaseChanged(Conflict):
    slug = "case-changed"
    title = "办件刚刚有了变化，请刷新后再试"


class FormChanged(Conflict):
    """The form was stored from elsewhere since it was read; nothing of this request was written."""

    slug = "form-changed"
    title = "这份表单刚在另一处改过。您填的内容还在页面上，请核对后再保存"


class SupplementAlreadyRequested(Conflict):
    slug = "supplement-already-requested"
    title = "补正只能一次性告知，这个办件已经发过补正通知"


class MaterialsLocked(Conflict):
    slug = "materials-locked"
    title = "办件当前的状态不能再改动材料"


class WrongOffset(Conflict):
    slug = "wrong-offset"
    title = "续传位置不对，请先查询已上传的位置"


class UploadBusy(Conflict):
    slug = "upload-busy"
    title = "这个文件正在由另一个连接上传，请稍后再试"
    status = 423


class FileTooLarge(TooLarge):
    slug = "file-too-large"
    title = "文件太大，请压缩后再上传"


class QuotaReached(TooLarge):
    slug = "upload-quota-reached"
    title = "上传的文件总量已到上限，请删减或压缩后再试"


class TooManyUploads(TooMany):
    slug = "too-many-uploads"
    title = "同时上传的文件太多，请等前面的文件传完再试"


class EmptyMessage(Invalid):
    slug = "empty-message"
    title = "留言是空的，请写几句话或选择照片后再发送"


class UnknownPicture(Invalid):
    slug = "unknown-picture"
    title = "照片已经失效，请重新选择照片后再发送"


class MessageNotFound(NotFound):
    slug = "message-not-found"
    title = "没有这条留言，请刷新后再试"


class ConversationClosed(Conflict):
    """Member `reason`: not-submitted or ended."""

    slug = "conversation-closed"
    title = "这个办件现在不能留言，需要帮助请拨打 12345"


class MessageKeyReused(Conflict):
    slug = "message-key-reused"
    title = "同一个编号的留言内容不同，请刷新后重新发送"


class TooManyMessages(TooMany):
    """Member `retry_after`: seconds until the next message is taken."""

    slug = "too-many-messages"
    title = "留言太频繁，请一分钟后再发"


class UploadGone(Gone):
    slug = "upload-gone"
    title = "这次上传已经失效，请重新选择文件上传"


class BadChecksum(Malformed):
    slug = "bad-checksum-header"
    title = "校验信息无法识别，请更新客户端后重试"


class ChecksumMismatch(Malformed):
    slug = "checksum-mismatch"
    title = "数据在传输中损坏，请重新上传这一段"
    status = 460


class NumbersExhausted(Unavailable):
    slug = "numbers-exhausted"
    title = "今天这个事项的办件编号已经用完，请明天再提交"


class TooManyDrafts(TooMany):
    """Member `most`: how many drafts may lie about for one applicant."""

    slug = "too-many-drafts"
    title = "未提交的草稿太多了，请先提交或删除一些草稿"
