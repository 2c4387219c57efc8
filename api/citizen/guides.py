"""How a guide is shown: the whole one of an item, and the personal one after some answers."""

from typing import Literal

import msgspec

from api.shared import licence_lookup
from services.cases import shapes
from services.cases.views import presenting, queries
from services.guides import guide
from services.guides.catalogue import Snapshot
from services.guides.definitions import Condition, Item, MaterialRequirement

Audience = Literal["person", "organisation"]
_NATURAL_PERSON = "1"


class DepartmentName(msgspec.Struct, kw_only=True):
    key: str
    name: str


class GuideStep(msgspec.Struct, kw_only=True):
    step: str
    name: str
    limit_text: str
    counts: bool


class GuideCondition(msgspec.Struct, kw_only=True):
    q: str
    one_of: list[str]


class GuideOption(msgspec.Struct, kw_only=True):
    value: str
    label: str
    note: str | None


class GuideSituation(msgspec.Struct, kw_only=True):
    code: str
    question: str
    multi: bool
    options: list[GuideOption]
    when: list[GuideCondition]


class GuideMaterial(msgspec.Struct, kw_only=True):
    code: str
    name: str
    required: bool
    note: str | None
    source_text: str
    accept: list[str]
    max_mb: int
    max_pages: int
    camera: bool
    ways: list[shapes.WayView]
    available_licence_id: str | None
    when: list[GuideCondition]


class GuideFee(msgspec.Struct, kw_only=True):
    charged: bool
    text: str


class GuideResult(msgspec.Struct, kw_only=True):
    name: str
    licence: str | None
    delivery: list[str]


class GuideAnswer(msgspec.Struct, kw_only=True):
    q: str
    a: str


class GuideSite(msgspec.Struct, kw_only=True):
    code: str
    name: str
    kind: str
    kiosk: bool


class ItemGuide(msgspec.Struct, kw_only=True):
    """The whole guide of an item, before anything is answered."""

    code: str
    impl_code: str
    name: str
    short_name: str
    item_type: str
    department: DepartmentName
    audience: list[Audience]
    statutory_text: str
    promised_text: str
    approval_mode: str
    online_depth: str
    visits_max: int
    legal_basis: list[str]
    conditions: list[str]
    steps: list[GuideStep]
    situations: list[GuideSituation]
    materials: list[GuideMaterial]
    fee: GuideFee
    result: GuideResult
    faq: list[GuideAnswer]
    consult: str
    supervise: str
    sites: list[GuideSite]


class Stop(msgspec.Struct, kw_only=True):
    message: str


class GoTo(msgspec.Struct, kw_only=True):
    code: str
    name: str


class PersonalGuide(msgspec.Struct, kw_only=True):
    """What applies to this one person after the answers so far."""

    stop: Stop | None
    goto: GoTo | None
    questions: list[str]
    """Codes of the questions to ask, in order."""
    next_question: str | None
    materials: list[GuideMaterial]
    fields: list[shapes.FieldView]
    promised_text: str
    statutory_text: str
    approval_mode: str
    fee_text: str
    saved_count: int


def personal_guide(
    found: guide.Guide, *, snapshot: Snapshot, licences: queries.Licences
) -> PersonalGuide:
    """What applies after the answers, with the licences that could stand for materials."""
    target = snapshot.items.get(found.goto) if found.goto else None
    return PersonalGuide(
        stop=Stop(message=found.stop) if found.stop else None,
        goto=GoTo(code=target.item.code, name=target.item.name) if target else None,
        questions=[entry.code for entry in found.questions],
        next_question=found.next_question,
        materials=[_material(entry, snapshot, licences) for entry in found.materials],
        fields=presenting.fields(found, values=found.presets, provenance={}),
        promised_text=guide.limit_text(found.promised_limit),
        statutory_text=guide.limit_text(found.statutory_limit),
        approval_mode=found.approval_mode,
        fee_text=found.fee_text,
        saved_count=found.saved_count,
    )


def item_guide(item: Item, snapshot: Snapshot) -> ItemGuide:
    """The whole guide; whose licences could help is not known here."""
    names = queries.Licences(held={}, names=licence_lookup.names())
    return ItemGuide(
        code=item.code,
        impl_code=item.impl_code,
        name=item.name,
        short_name=item.short_name,
        item_type=snapshot.label("item_type", item.item_type),
        department=DepartmentName(key=item.dept, name=snapshot.department_name(item.dept)),
        audience=audience(item),
        statutory_text=guide.limit_text(item.statutory_limit),
        promised_text=guide.limit_text(item.promised_limit),
        approval_mode=item.approval_mode,
        online_depth=snapshot.label("online_depth", item.online_depth),
        visits_max=item.visits_max,
        legal_basis=list(item.legal_basis),
        conditions=list(item.conditions),
        steps=[
            GuideStep(
                step=step.step,
                name=step.name,
                limit_text=guide.limit_text(step.limit),
                counts=step.counts,
            )
            for step in item.steps
        ],
        situations=_situations(item),
        materials=[_material(entry, snapshot, names) for entry in item.materials],
        fee=GuideFee(charged=item.fee.charged, text=guide.evaluate(item, {}).fee_text),
        result=GuideResult(
            name=item.result.name,
            licence=item.result.licence,
            delivery=list(item.result.delivery),
        ),
        faq=[GuideAnswer(q=entry.q, a=entry.a) for entry in item.faq],
        consult=item.consult,
        supervise=item.supervise,
        sites=[
            GuideSite(code=site.code, name=site.name, kind=site.kind, kiosk=site.kiosk)
            for site in snapshot.sites
        ],
    )


def _situations(item: Item) -> list[GuideSituation]:
    return [
        GuideSituation(
            code=entry.code,
            question=entry.question,
            multi=entry.multi,
            options=[
                GuideOption(value=option.value, label=option.label, note=option.note)
                for option in entry.options
            ],
            when=_conditions(entry.when),
        )
        for entry in item.situations
    ]


def _material(
    entry: MaterialRequirement, snapshot: Snapshot, licences: queries.Licences
) -> GuideMaterial:
    ways = presenting.ways(entry, held=licences.held, licence_names=licences.names)
    available = next((way.licence_id for way in ways if way.licence_id), None)
    return GuideMaterial(
        code=entry.code,
        name=entry.name,
        required=entry.required,
        note=entry.note,
        source_text=snapshot.label("material_source", entry.source),
        accept=list(entry.accept),
        max_mb=entry.max_mb,
        max_pages=entry.max_pages,
        camera=entry.camera,
        ways=ways,
        available_licence_id=str(available) if available else None,
        when=_conditions(entry.when),
    )


def _conditions(when: tuple[Condition, ...]) -> list[GuideCondition]:
    return [GuideCondition(q=entry.q, one_of=list(entry.one_of)) for entry in when]


def audience(item: Item) -> list[Audience]:
    """Codes of GB/T 39046: 1 is a natural person, all others are organisations."""
    person: list[Audience] = ["person"] if _NATURAL_PERSON in item.audience else []
    others = any(code != _NATURAL_PERSON for code in item.audience)
    return [*person, "organisation"] if others else person
