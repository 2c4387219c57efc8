"""Tables of the wallet. Nobody outside this package reads them; see `queries.py`.

Facts, names and numbers of holders are encrypted (`core.protection.protect`) and found by blind
indexes.
"""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from core.clock import now
from core.ids import new_id
from core.protection.protect import BlindColumn, ProtectedField, ProtectedModel
from core.queue import IndexWhere
from wallet.log_models import Anchor as Anchor
from wallet.log_models import AnchoredHead as AnchoredHead
from wallet.log_models import CaseSaving as CaseSaving
from wallet.log_models import Complaint as Complaint
from wallet.log_models import LogAlarm as LogAlarm
from wallet.log_models import LogCheckpoint as LogCheckpoint
from wallet.log_models import LogEntry as LogEntry
from wallet.log_models import LogHead as LogHead
from wallet.log_models import LogTile as LogTile
from wallet.log_models import Patrol as Patrol
from wallet.log_models import SavingCount as SavingCount
from wallet.log_models import UseDay as UseDay
from wallet.log_models import UseDayHead as UseDayHead
from wallet.log_models import UseHead as UseHead
from wallet.log_models import UseRecord as UseRecord
from wallet.share_models import AnnotatedCopy as AnnotatedCopy
from wallet.share_models import Authorisation as Authorisation
from wallet.share_models import IntakeBatch as IntakeBatch
from wallet.share_models import IntakeLine as IntakeLine
from wallet.share_models import Reminder as Reminder
from wallet.share_models import TakenInNotice as TakenInNotice
from wallet.types.validity import LicenceState


class SealState(StrEnum):
    """Where an e-seal is in its life. Only an active one may be used.

    active ⇄ frozen → destroyed; active → replaced, when its renewal is approved
    """

    ACTIVE = "active"
    FROZEN = "frozen"
    REPLACED = "replaced"
    DESTROYED = "destroyed"

    @property
    def text(self) -> str:
        """The state for people."""
        return _SEAL_TEXTS[self]


_SEAL_TEXTS = {
    SealState.ACTIVE: "使用中",
    SealState.FROZEN: "已冻结",
    SealState.REPLACED: "已换发",
    SealState.DESTROYED: "已销毁",
}


class ProposalState(StrEnum):
    """What became of the wish for a seal."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"


class VerificationKind(StrEnum):
    """What was verified."""

    CODE = "code"
    DOCUMENT = "document"
    VALUES = "values"


class Licence(ProtectedModel):
    """One version of one e-licence. The sealed document is a blob under its digest."""

    blind_columns = (
        BlindColumn("holder_index", "holder_id_no", "wallet.holder"),
        BlindColumn("number_index", "number", "wallet.number"),
    )

    id = fields.UUIDField(primary_key=True, default=new_id)
    case_id = fields.UUIDField(null=True)
    copy = fields.SmallIntField(default=1)
    """A case may yield one for each of several holders; 1 is the applicant's."""
    licence_type = fields.CharField(max_length=8)
    subject_id = fields.UUIDField(db_index=True)
    """Whose wallet it lies in: the holder, or the person in charge of a child's licence."""
    holder_id_type = fields.CharField(max_length=3)
    holder_id_no = ProtectedField()
    holder_index = fields.CharField(max_length=64, db_index=True)
    holder_name = ProtectedField()
    number = ProtectedField()
    number_index = fields.CharField(max_length=64, db_index=True)
    identifier = fields.CharField(max_length=100, unique=True)
    version = fields.SmallIntField()
    facts = ProtectedField()
    """The checked facts as JSON text."""
    issued_on = fields.DateField()
    valid_to = fields.DateField(null=True)
    remind_on = fields.DateField(null=True)
    """The day on which `reminders` looks at it next; empty until it did first."""
    state = fields.CharEnumField(LicenceState, max_length=12, default=LicenceState.VALID)
    department = fields.CharField(max_length=16)
    document = fields.CharField(max_length=64, db_index=True)
    taken_in_as = fields.CharField(max_length=10, default="", db_default="")
    """`data` or `document` for one that was taken in; see taken_in.Origin."""
    vouched_by = fields.CharField(max_length=80, default="", db_default="")
    """The second officer who stands for what was taken in as data."""
    previous_id = fields.UUIDField(null=True, unique=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "wallet_licence"
        app = "wallet"
        unique_together = (("case_id", "copy"),)
        indexes = (
            ("subject_id", "issued_on", "id"),
            ("subject_id", "licence_type", "issued_on"),
            IndexWhere(
                fields=("remind_on", "id"),
                name="idx_licence_remind",
                where="state = 'valid' AND valid_to IS NOT NULL",
            ),
        )


class LicencePicture(Model):
    """A picture on the face of a licence; see `wallet.register.pictures`."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    licence_id = fields.UUIDField(db_index=True)
    digest = fields.CharField(max_length=64, db_index=True)

    class Meta:
        table = "wallet_licence_picture"
        app = "wallet"
        unique_together = (("licence_id", "digest"),)


class StateChange(ProtectedModel):
    """Why a licence changed its state: cause, authority, document and time, never edited."""

    once_plain = frozenset({"cause"})

    id = fields.UUIDField(primary_key=True, default=new_id)
    licence_id = fields.UUIDField(db_index=True)
    before = fields.CharEnumField(LicenceState, max_length=12)
    after = fields.CharEnumField(LicenceState, max_length=12)
    cause = ProtectedField()
    authority = fields.CharField(max_length=80)
    document_no = fields.CharField(max_length=80)
    by = fields.CharField(max_length=80)
    at = fields.DatetimeField()

    class Meta:
        table = "wallet_state_change"
        app = "wallet"


class IssueGrant(ProtectedModel):
    """The number and identifier a case was allotted, so that a repeat draws with the same."""

    bound_to = ("case_id", "copy")

    id = fields.UUIDField(primary_key=True, default=new_id)
    case_id = fields.UUIDField()
    copy = fields.SmallIntField(default=1)
    number = ProtectedField()
    identifier = fields.CharField(max_length=100)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "wallet_issue_grant"
        app = "wallet"
        unique_together = (("case_id", "copy"),)


class NumberCounter(Model):
    """The next number of one run of numbers."""

    name = fields.CharField(max_length=60, primary_key=True)
    following = fields.BigIntField()

    class Meta:
        table = "wallet_number_counter"
        app = "wallet"


class StatusEntry(Model):
    """Where a licence stands in the status lists: drawn at random once and never used again."""

    licence_id = fields.UUIDField(primary_key=True)
    list_no = fields.IntField()
    place = fields.IntField()
    status = fields.SmallIntField(default=0, db_default=0)
    """What the list says of it: a `signing.passes.statuslist.Status` (see register/listed.py)."""

    class Meta:
        table = "wallet_status_entry"
        app = "wallet"
        unique_together = (("list_no", "place"),)
        indexes = (
            IndexWhere(
                fields=("list_no", "place"), name="idx_status_entry_changed", where="status > 0"
            ),
        )


class PrintedCode(ProtectedModel):
    """The code in the QR on a licence's face, as it was printed: master keys change."""

    bound_to = ("short_id",)

    short_id = fields.CharField(max_length=16, primary_key=True)
    mac = ProtectedField(null=True)
    """Encrypted: who reads the table makes no codes of it. Null in rows of earlier releases."""
    licence_id = fields.UUIDField(unique=True)

    class Meta:
        table = "wallet_printed_code"
        app = "wallet"


class PhoneKey(Model):
    """The public half of the key a phone made; passes of this session are bound to it."""

    session_id = fields.UUIDField(primary_key=True)
    person_id = fields.UUIDField(db_index=True)
    point = fields.BinaryField()
    """Compressed P-256 point, 33 bytes."""
    registered_at = fields.DatetimeField(default=now)

    class Meta:
        table = "wallet_phone_key"
        app = "wallet"


class PassOrigin(Model):
    """What an offline pass was made in: it is good as long as that is."""

    pass_id = fields.CharField(max_length=16, primary_key=True)
    session_id = fields.UUIDField(null=True)
    person_id = fields.UUIDField()
    """Who made it: the holder, or who acted for the holder."""
    subject_id = fields.UUIDField()
    key_digest = fields.CharField(max_length=64, default="")
    """SHA-256 of the phone's point it is bound to; "" for an unbound pass."""
    ends_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "wallet_pass_origin"
        app = "wallet"


class Seal(Model):
    """An e-seal of a department: the signed seal data and the key that uses it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    department = fields.CharField(max_length=16, db_index=True)
    key_id = fields.CharField(max_length=80)
    name = fields.CharField(max_length=80)
    seal = fields.BinaryField()
    """SESeal of GB/T 38540, DER, exactly as its maker signed it."""
    certificate = fields.BinaryField()
    """Signer certificate, DER."""
    digest = fields.CharField(max_length=64, unique=True)
    state = fields.CharEnumField(SealState, max_length=10, default=SealState.ACTIVE)
    state_by = fields.CharField(max_length=80, default="", db_default="")
    """The actor of the last change of state; who freezes a seal may not destroy it."""
    uses = fields.BigIntField(default=0, db_default=0)
    """How many documents it has sealed."""
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "wallet_seal"
        app = "wallet"


class SealProposal(Model):
    """One keeper's wish for a new seal, waiting for the word of another. Never edited after it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    department = fields.CharField(max_length=16)
    name = fields.CharField(max_length=80)
    valid_to = fields.DateField()
    replaces_id = fields.UUIDField(null=True)
    """The seal to be renewed; None for a first one."""
    cause = fields.CharField(max_length=200)
    state = fields.CharEnumField(ProposalState, max_length=10, default=ProposalState.OPEN)
    proposed_by = fields.UUIDField()
    """The officer; another one must approve."""
    proposed_name = fields.CharField(max_length=80)
    proposed_at = fields.DatetimeField()
    decided_by = fields.UUIDField(null=True)
    decided_name = fields.CharField(max_length=80, default="")
    decided_at = fields.DatetimeField(null=True)
    seal_id = fields.UUIDField(null=True)
    """The seal that was made of it."""

    class Meta:
        table = "wallet_seal_proposal"
        app = "wallet"
        indexes = (
            ("state", "proposed_at", "id"),
            ("department", "proposed_at", "id"),
            ("proposed_at", "id"),
        )


class Verification(Model):
    """One look at a licence or a document, with what was answered. Never edited."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharEnumField(VerificationKind, max_length=10)
    at = fields.DatetimeField(db_index=True)
    licence_id = fields.UUIDField(null=True, db_index=True)
    subject_id = fields.UUIDField(null=True, db_index=True)
    verdict = fields.CharField(max_length=12)
    reasons = fields.JSONField[list[str]]()
    checks = fields.JSONField[list[dict[str, object]]]()
    report = fields.JSONField[dict[str, object]](null=True)
    reader = fields.CharField(max_length=80)
    """The actor that looked, e.g. `counter:<uuid>`."""
    reader_name = fields.CharField(max_length=80)
    department = fields.CharField(max_length=16, null=True)
    hall = fields.CharField(max_length=60, default="")
    purpose = fields.CharField(max_length=200, default="")
    item_code = fields.CharField(max_length=40, null=True)
    presentation = fields.CharField(max_length=64, null=True)
    """Digest of the code that was read; the same reader reading it twice is answered once."""
    request_key = fields.CharField(max_length=200, null=True)
    digest = fields.CharField(max_length=64, null=True)
    """SHA-256 of a posted document."""
    code_kind = fields.CharField(max_length=16, default="", db_default="")
    """Which of the three codes was read: online, offline_pass or printed; "" when it was none."""
    case_no = fields.CharField(max_length=50, null=True)
    ground = fields.CharField(max_length=20, default="", db_default="")
    """On which ground licence data was given: shown by the holder, or printed copy handed over."""
    read_at = fields.DatetimeField(null=True)
    """When a counter without network read the code, by its own clock; `at` is when we heard."""

    class Meta:
        table = "wallet_verification"
        app = "wallet"
        unique_together = (("reader", "presentation"), ("reader", "request_key"))
        indexes = (("reader", "at", "id"),)
