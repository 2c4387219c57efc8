"""What a licence type is: the structs that `catalogue_data/licence-types.yaml` is read into.

After GB/T 36902 (catalogue of licence types) with the face, masking and offline claims of our own.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from papers.yaml_data import Strict


class FieldType(StrEnum):
    """What a field holds; `facts.py` knows how each is checked and written."""

    STRING = "string"
    TEXT = "text"
    ADDRESS = "address"
    ENUM = "enum"
    LIST = "list"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    PHONE = "phone"
    IDNO = "idno"
    USCC = "uscc"
    CODE = "code"
    DIVISION = "division"
    IMAGE = "image"


class Mask(StrEnum):
    """How a value is hidden where only the face may be seen; `masking.py` applies it."""

    NAME = "name"
    IDNO = "idno"
    PHONE = "phone"
    ADDRESS = "address"
    DATE = "date"
    MIDDLE = "middle"
    HIDE = "hide"


class OnExpiry(StrEnum):
    """What the end of validity does to a licence of the type."""

    NONE = "none"
    EXPIRED_INVALID = "expired_invalid"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    VOID = "void"


class Field(Strict, frozen=True, kw_only=True):
    """One field of a licence type."""

    key: str
    label: str
    type: FieldType
    required: bool
    options: tuple[str, ...] = ()
    mask: Mask | None = None
    pattern: str | None = None
    min: int | None = None
    max: int | None = None
    max_kb: int | None = None
    note: str | None = None


class NumberRule(Strict, frozen=True, kw_only=True):
    """How the licence number looks; `drafting.yaml` says how a new one is allotted."""

    label: str
    pattern: str
    check: Literal["gb32100", "gb11643", "gb11643_prefix", "mod11_10"] | None
    same_as: str | None = None
    parts: str | None = None
    confidence: str | None = None


class ValidityRule(Strict, frozen=True, kw_only=True, tag_field="rule"):
    """Base of the seven rules by which a licence ends."""

    on_expiry: OnExpiry
    renew_window_days: int | None = None
    resume: str | None = None


class FixedYears(ValidityRule, frozen=True, kw_only=True, tag="fixed_years"):
    """So many years from a date on the licence."""

    years: int
    from_: str = msgspec.field(name="from")


class LongTerm(ValidityRule, frozen=True, kw_only=True, tag="long_term"):
    """No end."""


class FromField(ValidityRule, frozen=True, kw_only=True, tag="field"):
    """The end is written in a field; an empty one means no end."""

    to: str
    empty_means: Literal["long_term"]


class AnnualEndorsement(ValidityRule, frozen=True, kw_only=True, tag="annual_endorsement"):
    """Endorsed for some months at a time."""

    months: int
    window_days_before: int
    field: str


class LadderYears(ValidityRule, frozen=True, kw_only=True, tag="ladder_years"):
    """Each renewal lasts longer (driving licences: 6, 10 years, then without end)."""

    years: tuple[int | None, ...]
    advance_if: str
    grace_days: int


class UntilEvent(ValidityRule, frozen=True, kw_only=True, tag="until_event"):
    """Ends by an event only, such as a divorce."""

    events: tuple[str, ...]


class StartWithin(ValidityRule, frozen=True, kw_only=True, tag="start_within"):
    """Void unless the work begins within some months."""

    months: int
    extensions: int
    months_each: int


AnyValidity = (
    FixedYears | LongTerm | FromField | AnnualEndorsement | LadderYears | UntilEvent | StartWithin
)


class LicenceType(Strict, frozen=True, kw_only=True):
    """One of the types of licence this city issues."""

    code: str
    name: str
    name_en: str
    kind: str
    type_code: str
    type_code_synthetic: bool
    definer: str
    definer_level: str
    issuer: str
    issuer_name: str
    issuer_code: str
    issuer_level: str
    holder_kind: Literal["natural_person", "legal_person", "both"]
    holder_id_types: tuple[str, ...]
    multi_instance: bool
    sensitivity: Literal["normal", "personal", "sensitive"]
    number: NumberRule
    validity: AnyValidity
    states: tuple[str, ...]
    fields: tuple[Field, ...]
    face: tuple[str, ...]
    offline_claims: tuple[str, ...]
    legal_basis: tuple[str, ...]
    retention: str
    aliases: tuple[str, ...]
    notes: str | None = None
    annual: str | None = None

    def field(self, key: str) -> Field | None:
        """The field with this key, if the type has it."""
        return next((field for field in self.fields if field.key == key), None)


class NumberTemplate(Strict, frozen=True, kw_only=True):
    """How a new number is put together; `numbers.py` explains the placeholders."""

    template: str
    choices: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    first: int = 1


class Copy(Strict, frozen=True, kw_only=True):
    """The fields that name the holder of one of several copies (both spouses get one)."""

    name: str
    id: str


class DraftRule(Strict, frozen=True, kw_only=True):
    """How the facts of a type come from a case (`catalogue_data/drafting.yaml`)."""

    code: str
    face: str
    holder_name: str
    holder_id: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    issued_on: str | None = None
    valid_to: str | None = None
    number_field: str | None = None
    issued_to_person: bool = False
    number: NumberTemplate
    sources: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
