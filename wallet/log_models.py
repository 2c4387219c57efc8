"""Tables of the two logs: who looked at a holder's licences, and the public transparency log.

Both are append-only: nothing here is ever updated but the heads, and the position of an entry.
"""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.ids import new_id


class UseKind(StrEnum):
    """How somebody came to see something of a licence."""

    CODE = "code"
    DOCUMENT = "document"
    VALUES = "values"
    CASE = "case"
    COPY = "copy"
    AUTHORISED = "authorised"
    LINK = "link"
    REVEALED = "revealed"
    OFFICE = "office"

    @property
    def text(self) -> str:
        """The kind for people."""
        return _KIND_TEXTS[self]


_KIND_TEXTS = {
    UseKind.CODE: "扫码核验",
    UseKind.DOCUMENT: "核验证照文件",
    UseKind.VALUES: "核对证照信息",
    UseKind.CASE: "办事时调用",
    UseKind.COPY: "查看加注件",
    UseKind.AUTHORISED: "按授权查看",
    UseKind.LINK: "通过分享链接查看",
    UseKind.REVEALED: "本人或代办人查看完整信息",
    UseKind.OFFICE: "颁证机关查看",
}


class ComplaintState(StrEnum):
    """Whether a complaint waits for an answer."""

    OPEN = "open"
    ANSWERED = "answered"


class UseRecord(Model):
    """One look at a holder's licence, chained to the one before. Never edited."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    subject_id = fields.UUIDField()
    n = fields.IntField()
    """1, 2, 3 … for each holder, without a gap."""
    at = fields.DatetimeField()
    kind = fields.CharEnumField(UseKind, max_length=10)
    licence_id = fields.UUIDField(db_index=True)
    licence_type = fields.CharField(max_length=8)
    who = fields.CharField(max_length=80)
    """The actor, e.g. `counter:<uuid>`."""
    who_name = fields.CharField(max_length=80)
    department = fields.CharField(max_length=16, default="")
    terminal = fields.CharField(max_length=80, default="")
    purpose = fields.CharField(max_length=200, default="")
    item_code = fields.CharField(max_length=40, default="")
    case_no = fields.CharField(max_length=50, default="")
    ground = fields.CharField(max_length=120, default="")
    """What gave the right: the code shown, the case, the authorisation."""
    fields_seen: Any = fields.JSONField()
    """Labels of the fields that were shown."""
    verdict = fields.CharField(max_length=12, default="")
    reasons: Any = fields.JSONField()
    previous = fields.CharField(max_length=64)
    digest = fields.CharField(max_length=64)

    class Meta:
        table = "wallet_use_record"
        app = "wallet"
        unique_together = (("subject_id", "n"),)
        indexes = (("department", "at"),)


class UseHead(Model):
    """The newest record of each holder, and where the kept part of the chain begins."""

    subject_id = fields.UUIDField(primary_key=True, generated=False)
    n = fields.IntField()
    digest = fields.CharField(max_length=64)
    base_n = fields.IntField(default=0)
    base_digest = fields.CharField(max_length=64)

    class Meta:
        table = "wallet_use_head"
        app = "wallet"


class UseDay(Model):
    """The signed head of a day: a Merkle root over the heads of all holders looked at by then."""

    day = fields.DateField(primary_key=True, generated=False)
    size = fields.IntField()
    root = fields.CharField(max_length=64)
    note = fields.TextField()
    signature = fields.CharField(max_length=400)
    certificate = fields.BinaryField()

    class Meta:
        table = "wallet_use_day"
        app = "wallet"


class UseDayHead(Model):
    """One holder's head within a day: a leaf of the day's tree."""

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    position = fields.IntField()
    subject_id = fields.UUIDField(db_index=True)
    n = fields.IntField()
    digest = fields.CharField(max_length=64)
    path = fields.BinaryField(null=True)
    """The inclusion proof, hashes of 32 bytes; None where the day was closed before it was kept."""

    class Meta:
        table = "wallet_use_day_head"
        app = "wallet"
        unique_together = (("day", "position"), ("day", "subject_id"))


class Complaint(Model):
    """A holder asks why somebody looked; the department must answer."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    use_id = fields.UUIDField(unique=True)
    subject_id = fields.UUIDField(db_index=True)
    department = fields.CharField(max_length=16, default="")
    text = fields.TextField()
    state = fields.CharEnumField(ComplaintState, max_length=10, default=ComplaintState.OPEN)
    made_by = fields.CharField(max_length=80)
    made_at = fields.DatetimeField()
    answer = fields.TextField(default="")
    answered_by = fields.CharField(max_length=80, default="")
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "wallet_complaint"
        app = "wallet"
        indexes = (("state", "department"),)


class LogEntry(Model):
    """An entry of the transparency log; it waits without a position until it is sequenced."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=20)
    ref = fields.CharField(max_length=64, db_index=True)
    """Digest of the identifier, the seal or the day that the entry is about."""
    data = fields.TextField()
    """The canonical JSON whose hash is the leaf: digests and a salt, nothing about a person."""
    position = fields.BigIntField(null=True, unique=True)
    at = fields.DatetimeField()

    class Meta:
        table = "wallet_log_entry"
        app = "wallet"


class LogTile(Model):
    """256 neighbouring hashes of one level of the tree, the rightmost one perhaps unfinished."""

    id = fields.BigIntField(primary_key=True)
    level = fields.SmallIntField()
    number = fields.BigIntField()
    hashes = fields.BinaryField()

    class Meta:
        table = "wallet_log_tile"
        app = "wallet"
        unique_together = (("level", "number"),)


class LogHead(Model):
    """How many entries are sequenced: the one row that sequencers compare and set."""

    name = fields.CharField(max_length=20, primary_key=True, generated=False)
    size = fields.BigIntField()

    class Meta:
        table = "wallet_log_head"
        app = "wallet"


class LogCheckpoint(Model):
    """A signed statement of the log's size and root."""

    id = fields.BigIntField(primary_key=True)
    size = fields.BigIntField(unique=True)
    root = fields.CharField(max_length=64)
    at = fields.DatetimeField()
    note = fields.TextField()
    signature = fields.CharField(max_length=400)
    certificate = fields.BinaryField()

    class Meta:
        table = "wallet_log_checkpoint"
        app = "wallet"
