"""Tables of the two logs: who looked at a holder's licences, and the public transparency log.

Both are append-only: nothing here is ever updated but the heads, and the position of an entry.
"""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.ids import new_id
from core.protection.protect import ProtectedField, ProtectedModel
from core.queue import IndexWhere


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
    TAKEN = "taken"
    PREFILL = "prefill"
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
    UseKind.TAKEN: "本人或代办人下载证照文件",
    UseKind.PREFILL: "办事时自动填表",
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
    licence_id = fields.UUIDField()
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
        indexes = (("department", "at"), ("at",), ("licence_id", "n"))


class UseHead(Model):
    """The newest record of each holder, and where the kept part of the chain begins."""

    subject_id = fields.UUIDField(primary_key=True, generated=False)
    n = fields.IntField()
    digest = fields.CharField(max_length=64)
    base_n = fields.IntField(default=0)
    base_digest = fields.CharField(max_length=64)
    mac = fields.CharField(max_length=64, default="", db_default="")
    """Our seal on the head (core/protection/chain_heads.py)."""
    moved = fields.SmallIntField(null=True)
    """1 since it was anchored last, else None, so that only those that moved are looked for."""

    class Meta:
        table = "wallet_use_head"
        app = "wallet"
        indexes = (("moved",),)


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


class Complaint(ProtectedModel):
    """A holder asks why somebody looked; the department must answer."""

    once_plain = frozenset({"text", "answer"})

    id = fields.UUIDField(primary_key=True, default=new_id)
    use_id = fields.UUIDField(unique=True)
    subject_id = fields.UUIDField()
    department = fields.CharField(max_length=16, default="")
    text = ProtectedField()
    state = fields.CharEnumField(ComplaintState, max_length=10, default=ComplaintState.OPEN)
    made_by = fields.CharField(max_length=80)
    made_at = fields.DatetimeField()
    answer = ProtectedField(default="")
    answered_by = fields.CharField(max_length=80, default="")
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "wallet_complaint"
        app = "wallet"
        indexes = (
            ("subject_id", "made_at", "id"),
            ("state", "department", "made_at", "id"),
            ("state", "made_at", "id"),
        )


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
    leaf = fields.CharField(max_length=64, null=True)
    """The leaf hash, hexadecimal; None in older entries, until it is filled in."""

    class Meta:
        table = "wallet_log_entry"
        app = "wallet"
        indexes = (
            ("position", "id"),
            ("leaf",),
            IndexWhere(fields=("id",), name="idx_log_entry_anchor", where="kind = 'anchor'"),
        )


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


class Anchor(Model):
    """A statement in the transparency log of where a piece of the other logs stood."""

    number = fields.BigIntField(primary_key=True, generated=False)
    """1, 2, 3 … without a gap."""
    at = fields.DatetimeField(db_index=True)
    size = fields.IntField()
    """How many heads."""
    salt = fields.CharField(max_length=32)
    """Hides the heads from the public, who see hashes."""
    root = fields.CharField(max_length=64)
    entry_id = fields.BigIntField()
    """The entry of the transparency log."""
    forgotten = fields.BooleanField(default=False)
    """Whether its heads are gone, because the records they speak of have served their time."""

    class Meta:
        table = "wallet_anchor"
        app = "wallet"
        indexes = (IndexWhere(fields=("at",), name="idx_anchor_kept", where="forgotten = false"),)


class AnchoredHead(Model):
    """The head of one log as it was anchored: a leaf of the anchor's tree."""

    id = fields.BigIntField(primary_key=True)
    anchor = fields.BigIntField()
    place = fields.IntField()
    log = fields.CharField(max_length=48)
    """`audit:CHAIN` or `uses:SUBJECT`."""
    n = fields.BigIntField()
    digest = fields.CharField(max_length=64)

    class Meta:
        table = "wallet_anchored_head"
        app = "wallet"
        unique_together = (("anchor", "place"),)
        indexes = (("log", "n"),)


class LogAlarm(Model):
    """Something that is not as the logs say. It stays until an operator has resolved it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharField(max_length=20)
    """rollback, anchor, head, register or state."""
    about = fields.CharField(max_length=80)
    """The log or the licence, `kind:id`."""
    detail = fields.CharField(max_length=200)
    """What differs, never a value."""
    open_key = fields.CharField(max_length=110, null=True, unique=True)
    """kind and about while it is open: one alarm for one thing."""
    licence_id = fields.UUIDField(null=True, db_index=True)
    """Whose readers are told "cannot tell" meanwhile."""
    found_at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)
    resolved_by = fields.CharField(max_length=80, default="")

    class Meta:
        table = "wallet_log_alarm"
        app = "wallet"
        indexes = (
            IndexWhere(
                fields=("found_at", "id"), name="idx_log_alarm_open", where="resolved_at IS NULL"
            ),
        )


class CaseSaving(Model):
    """How many documents the licences of one holder saved in one case."""

    id = fields.BigIntField(primary_key=True)
    case_no = fields.CharField(max_length=50)
    subject_id = fields.UUIDField(db_index=True)
    materials = fields.IntField()

    class Meta:
        table = "wallet_case_saving"
        app = "wallet"
        unique_together = (("case_no", "subject_id"),)


class SavingCount(Model):
    """What all licences saved, in a few rows, so that writers do not queue behind one."""

    shard = fields.SmallIntField(primary_key=True, generated=False)
    materials = fields.BigIntField()
    cases = fields.BigIntField()

    class Meta:
        table = "wallet_saving_count"
        app = "wallet"


class Patrol(Model):
    """How far a round over many rows has come: those after `after` are still to be looked at."""

    name = fields.CharField(max_length=20, primary_key=True, generated=False)
    after = fields.UUIDField(null=True)
    begun_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    """When the last whole round ended."""
    seen = fields.BigIntField(default=0)
    """Rows of the present round."""

    class Meta:
        table = "wallet_patrol"
        app = "wallet"
