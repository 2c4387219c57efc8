"""What the catalogue says: service items, themes, departments and the code sets around them.

The structs mirror the YAML in `catalogue_data/` one to one and refuse a key they do not know. The
data elements are those of GB/T 39046-2020 table 4 (guide information). Nothing here reads files.
"""

from typing import Annotated, Literal

import msgspec

LimitUnit = Literal["workday", "day", "instant"]
ApprovalMode = Literal["normal", "commitment", "instant"]
Channel = Literal["mobile", "web", "window", "kiosk"]
MaterialSource = Literal["applicant", "government", "agency", "system"]
ReplaceBy = Literal["licence", "data", "realname", "form", "commitment"]
AcceptedType = Literal["pdf", "jpg", "png", "ofd"]
LicenceAction = Literal["issue", "reissue", "endorse"]
StepName = Literal["receive", "accept", "review", "decide", "deliver"]
FieldType = Literal[
    "string",
    "text",
    "decimal",
    "integer",
    "boolean",
    "date",
    "datetime",
    "phone",
    "idno",
    "uscc",
    "enum",
    "list",
    "table",
    "address",
    "division",
    "code",
]


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything that is read from the catalogue."""


class Limit(Definition, frozen=True, kw_only=True):
    """A period: `value` working days, calendar days, or on the spot."""

    value: int
    unit: LimitUnit
    starts: Literal["accept", "receive"] = msgspec.field(name="from", default="accept")


class Condition(Definition, frozen=True, kw_only=True):
    """True when the answer to question `q` is one of `one_of` (for multi questions: intersects)."""

    q: str
    one_of: tuple[str, ...] = msgspec.field(name="in")


class Option(Definition, frozen=True, kw_only=True):
    value: str
    label: str
    note: str | None = None
    stop: str | None = None
    goto: str | None = None
    changes: dict[str, object] = msgspec.field(name="set", default_factory=dict)


class Situation(Definition, frozen=True, kw_only=True):
    """One everyday-language question of a guide."""

    code: str
    question: str
    multi: bool
    options: tuple[Option, ...]
    when: tuple[Condition, ...] = ()


class Replacement(Definition, frozen=True, kw_only=True):
    """A way to satisfy a material without handing anything in (免提交)."""

    by: ReplaceBy
    type: str | None = None
    resource: str | None = None
    fields: tuple[str, ...] = ()


class MaterialRequirement(Definition, frozen=True, kw_only=True):
    code: str
    name: str
    required: bool
    source: MaterialSource
    medium: Literal["electronic", "paper", "both"]
    originals: int
    copies: int
    accept: tuple[AcceptedType, ...]
    camera: bool
    max_mb: int
    max_pages: int = 20
    when: tuple[Condition, ...] = ()
    replace: tuple[Replacement, ...] = ()
    template: str | None = None
    note: str | None = None


class Rule(Definition, frozen=True, kw_only=True):
    min: int | None = None
    max: int | None = None
    max_rows: int | None = None


class FormField(Definition, frozen=True, kw_only=True):
    key: str
    label: str
    type: FieldType
    required: bool
    prefill: tuple[str, ...] = ()
    rule: Rule | None = None
    when: tuple[Condition, ...] = ()
    options: tuple[str, ...] = ()


class FeeAmount(Definition, frozen=True, kw_only=True):
    """One amount, and the answers it is for; exactly one of an item's holds for any answers."""

    fen: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
    per: str | None = None
    """What it is charged for: 件, 本, 人."""
    when: tuple[Condition, ...] = ()


class Fee(Definition, frozen=True, kw_only=True):
    charged: bool
    amounts: tuple[FeeAmount, ...] = ()
    standard: str | None = None
    """The amount as a sentence, in versions stored before there were `amounts`."""
    basis: str | None = None
    online_pay: bool = False


class Result(Definition, frozen=True, kw_only=True):
    name: str
    licence: str | None
    action: LicenceAction | None
    delivery: tuple[Literal["electronic", "window", "courier", "kiosk"], ...]


class SpecialProcedure(Definition, frozen=True, kw_only=True):
    kind: str
    clock: Literal["runs", "stops"]
    max: Limit
    note: str | None = None


class Step(Definition, frozen=True, kw_only=True):
    step: StepName
    name: str
    limit: Limit
    counts: bool = True


class Question(Definition, frozen=True, kw_only=True):
    q: str
    a: str


class Item(Definition, frozen=True, kw_only=True):
    """A service item (事项) with its whole guide."""

    code: str
    catalog_code: str
    impl_code: str
    handle_code: str
    name: str
    short_name: str
    item_type: str
    dept: str
    use_level: str
    audience: tuple[str, ...]
    case_kind: Literal["1", "2", "9"]
    approval_mode: ApprovalMode
    prereview: bool
    statutory_limit: Limit
    promised_limit: Limit
    visits_max: int
    online_depth: Literal["1", "2", "3", "4"]
    cross_scope: str
    channels: tuple[Channel, ...]
    window: str
    kiosk: bool
    fee: Fee
    result: Result
    line_system: str
    legal_basis: tuple[str, ...]
    conditions: tuple[str, ...]
    special_procedures: tuple[SpecialProcedure, ...]
    steps: tuple[Step, ...]
    situations: tuple[Situation, ...]
    materials: tuple[MaterialRequirement, ...]
    form: tuple[FormField, ...]
    faq: tuple[Question, ...]
    tags: tuple[str, ...]
    consult: str
    supervise: str
    version: int
    status: Literal["published", "retired"]
    sign_form: bool = False
    """Whether the applicant has to sign the form before handing it in."""


class Department(Definition, frozen=True, kw_only=True):
    key: str
    no: str
    name: str
    short_name: str
    code: str
    code_synthetic: bool = False


class Window(Definition, frozen=True, kw_only=True):
    code: str
    name: str


class Site(Definition, frozen=True, kw_only=True):
    code: str
    name: str
    kind: str
    kiosk: bool


class LineSystem(Definition, frozen=True, kw_only=True):
    code: str
    name: str
    owner: str
    level: Literal["national", "municipal", "district"]
    style: str
    returns: str = msgspec.field(name="return")
    typical_delay_s: int
    note: str


class DataResource(Definition, frozen=True, kw_only=True):
    code: str
    name: str
    provider: str
    share_type: Literal["unconditional", "conditional", "negative"]
    update: Literal["realtime", "daily", "none"]
    grade: str
    fields: tuple[str, ...]


class ThemeAnswer(Definition, frozen=True, kw_only=True):
    """Where an item's answer comes from: a theme question (perhaps mapped) or a constant."""

    source: str | None = msgspec.field(name="from", default=None)
    map: dict[str, str] = msgspec.field(default_factory=dict)
    const: str | None = None


class ThemeItem(Definition, frozen=True, kw_only=True):
    item: str
    order: int
    after: tuple[str, ...] = ()
    include_when: tuple[Condition, ...] = ()
    answers: dict[str, ThemeAnswer] = msgspec.field(default_factory=dict)


class SharedField(Definition, frozen=True, kw_only=True):
    key: str
    source: str | None = msgspec.field(name="from", default=None)


class JointOnsite(Definition, frozen=True, kw_only=True):
    departments: tuple[str, ...]
    max: Limit


class JointReview(Definition, frozen=True, kw_only=True):
    lead: str
    members: tuple[str, ...]
    opinion_limit: Limit
    silence: str
    unified_supplement: bool


class ThemeDelivery(Definition, frozen=True, kw_only=True):
    together: bool
    things: tuple[str, ...]


class Theme(Definition, frozen=True, kw_only=True):
    """One errand in everyday life over several items (一件事)."""

    code: str
    name: str
    lead: str
    audience: tuple[str, ...]
    mode: str
    window: str
    promise: Limit
    summary: str = ""
    situations: tuple[Situation, ...]
    items: tuple[ThemeItem, ...]
    shared_fields: tuple[SharedField, ...]
    deliver: ThemeDelivery
    joint_onsite: JointOnsite | None = None
    joint_review: JointReview | None = None
    guardian_consent: bool = False


class CatalogueFile(Definition, frozen=True, kw_only=True):
    """Any one file of the catalogue folder; each brings some of the lists."""

    departments: tuple[Department, ...] = ()
    windows: tuple[Window, ...] = ()
    sites: tuple[Site, ...] = ()
    line_systems: tuple[LineSystem, ...] = ()
    data_resources: tuple[DataResource, ...] = ()
    themes: tuple[Theme, ...] = ()
    items: tuple[Item, ...] = ()
    enumerations: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    synonyms: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class Catalogue(CatalogueFile, frozen=True, kw_only=True):
    """The whole folder, merged."""


def requirement(item: Item, code: str) -> MaterialRequirement | None:
    """The item's requirement with this code, or None."""
    return next((entry for entry in item.materials if entry.code == code), None)
