"""From rows to views. Pure: everything that is shown is handed in."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from core.clocks.workdays import WorkCalendar
from services.cases import lifecycle, shapes
from services.cases.lifecycle import CaseState
from services.cases.materials import papers, thumbnails
from services.cases.models import Case, Material, MaterialFile, Supplement, TimelineEntry
from services.cases.rules import lights
from services.cases.rules.completeness import HandedIn, MaterialStatus, status_of
from services.cases.rules.deadlines import Light, Turns
from services.guides.catalogue import Snapshot
from services.guides.definitions import FormField, Item, MaterialRequirement, Replacement
from services.guides.guide import Guide, limit_text

HeldLicences = Mapping[str, UUID]
"""Licence type → the licence of the applicant that can be used for it."""

FaceWords = Callable[[str, Mapping[str, object]], Sequence[tuple[str, str]]]
"""Licence type and facts → label and value of each, as people read them; the wallet knows how."""

_WAY_LABELS = {
    "form": "由填写的表单自动生成，无需上传",
    "realname": "实名登录已核验身份，无需上传",
    "commitment": "作出书面承诺，免于提交",
    "data": "部门数据核验（暂未开通）",
    "upload": "拍照或选择文件上传",
}
_SOURCES = {"account": "account", "org": "org", "licence": "licence"}
_PRESET_TEXT = "由您选择的情形决定"
_HINTS = {
    "uscc": "18 位统一社会信用代码",
    "idno": "18 位公民身份号码",
    "phone": "11 位手机号码",
    "date": "例如 2026-11-25",
    "datetime": "例如 2026-11-25T09:30",
    "division": "9 位街镇代码，例如 310117003",
}
_ENDED_EARLY = frozenset(
    {
        CaseState.REFUSED,
        CaseState.ACCEPTANCE_DECLINED,
        CaseState.WITHDRAWN,
        CaseState.LAPSED,
    }
)


def summary(case: Case, *, snapshot: Snapshot, item: Item, unread: int) -> shapes.CaseSummary:
    """The case as one line of the applicant's list."""
    return shapes.CaseSummary(**_summary_values(case, snapshot=snapshot, item=item), unread=unread)


def worklist_entry(
    case: Case, *, snapshot: Snapshot, item: Item, today: date, days: WorkCalendar, unread: int
) -> shapes.WorklistEntry:
    """The case as one line of a worklist."""
    return shapes.WorklistEntry(
        **_summary_values(case, snapshot=snapshot, item=item),
        unread=unread,
        applicant_masked=case.applicant_masked,
        light=str(light(case, today=today, days=days)),
    )


def detail(
    case: Case,
    *,
    snapshot: Snapshot,
    item: Item,
    guide: Guide,
    values: Mapping[str, object],
    form_revision: str,
    materials_view: list[shapes.MaterialView],
    timeline: Iterable[TimelineEntry],
    supplement: Supplement | None,
    may: list[str],
    signature: shapes.FormSignatureView | None,
    unread: int,
) -> shapes.CaseDetail:
    """Everything about the case, for its applicant."""
    result = None
    if case.licence_id is not None:
        result = shapes.CaseResult(id=case.licence_id, name=item.result.name)
    return shapes.CaseDetail(
        **_summary_values(case, snapshot=snapshot, item=item),
        answers=case.answers,
        situations=_situations(guide, case.answers),
        fields=fields(guide, values=values, provenance=case.provenance),
        form_revision=form_revision,
        materials=materials_view,
        timeline=[_timeline_entry(entry) for entry in timeline],
        supplement=_supplement(supplement),
        steps=steps(case, item),
        licence=result,
        outcome_text=case.outcome_text,
        promised_text=limit_text(guide.promised_limit),
        approval_mode=guide.approval_mode,
        fee_text=guide.fee_text,
        acceptance_due_on=case.acceptance_due_on,
        statutory_due_on=case.statutory_due_on,
        may=may,
        must_sign=item.sign_form,
        signature=signature,
        unread=unread,
    )


def fields(
    guide: Guide,
    *,
    values: Mapping[str, object],
    provenance: Mapping[str, Mapping[str, str]],
) -> list[shapes.FieldView]:
    """The form fields that apply, with values and their origin."""
    return [_field(entry, guide, values, provenance) for entry in guide.fields]


def materials_of(
    guide: Guide,
    *,
    snapshot: Snapshot,
    rows: Mapping[str, Material],
    files: Mapping[UUID, Sequence[MaterialFile]],
    held: HeldLicences,
    licence_names: Mapping[str, str],
    files_at: str,
    face_words: FaceWords | None = None,
) -> list[shapes.MaterialView]:
    """The materials that apply, with what was done about each."""
    shown = []
    for requirement in guide.materials:
        row = rows.get(requirement.code)
        handed = HandedIn(MaterialStatus(row.status), row.note) if row else None
        pages = (
            [page for page in files.get(row.id, ()) if page.version == row.version] if row else []
        )
        shown.append(
            shapes.MaterialView(
                code=requirement.code,
                name=requirement.name,
                required=requirement.required,
                source_text=snapshot.label("material_source", requirement.source),
                status=str(status_of(requirement, handed)),
                note=row.note if row else None,
                hint=requirement.note,
                accept=list(requirement.accept),
                max_mb=requirement.max_mb,
                max_pages=requirement.max_pages,
                camera=requirement.camera,
                ways=ways(requirement, held=held, licence_names=licence_names),
                files=[_file(page, files_at) for page in pages],
                licence=_licence_use(row, face_words=face_words),
            )
        )
    return shown


def ways(
    requirement: MaterialRequirement, *, held: HeldLicences, licence_names: Mapping[str, str]
) -> list[shapes.WayView]:
    """The ways to provide a material, best first; uploading is always the last."""
    offered = [_way(entry, held, licence_names) for entry in requirement.replace]
    upload = shapes.WayView(
        by="upload", label=_WAY_LABELS["upload"], licence_type=None, available=True
    )
    return [*offered, upload]


def steps(case: Case, item: Item) -> list[shapes.StepView]:
    """The steps of the guide with the one the case is in; none is *now* once it ended early."""
    times = _step_times(case)
    shown, running = [], case.state not in _ENDED_EARLY
    for step in item.steps:
        at = times.get(step.step)
        state = "done" if at else "now" if running else "todo"
        running = running and at is not None
        shown.append(shapes.StepView(step=step.step, name=step.name, state=state, at=at))
    return shown


def light(case: Case, *, today: date, days: WorkCalendar) -> Light:
    """The supervision light, as the case says; cases of before it was written say by their days."""
    turns = Turns(case.yellow_on, case.red_on)
    if turns.yellow_on is None:
        turns = lights.turns_of({name: getattr(case, name) for name in lights.LIT_BY}, days=days)
    return lights.light_on(today, turns)


def _summary_values(case: Case, *, snapshot: Snapshot, item: Item) -> dict[str, Any]:
    """The fields every view of a case begins with; Any, since they differ in type."""
    now = next((step.name for step in steps(case, item) if step.state == "now"), None)
    return {
        "id": case.id,
        "case_no": case.case_no,
        "short_no": case.short_no,
        "item_code": case.item_code,
        "item_name": case.item_name,
        "department": snapshot.department_name(case.department),
        "department_key": case.department,
        "state": str(case.state),
        "state_text": lifecycle.TEXTS[case.state],
        "stage": now or lifecycle.TEXTS[case.state],
        "submitted_at": case.submitted_at,
        "due_on": case.due_on,
        "updated_at": case.updated_at,
    }


def _step_times(case: Case) -> dict[str, datetime | None]:
    granted = case.state in (CaseState.APPROVED, CaseState.CLOSED)
    return {
        "receive": case.submitted_at,
        "accept": case.accepted_at,
        "review": case.decided_at if granted else None,
        "decide": case.decided_at if granted else None,
        "deliver": case.ended_at if case.state is CaseState.CLOSED else None,
    }


def _field(
    entry: FormField,
    guide: Guide,
    values: Mapping[str, object],
    provenance: Mapping[str, Mapping[str, str]],
) -> shapes.FieldView:
    origin = provenance.get(entry.key)
    source = _SOURCES.get(origin["path"].partition(".")[0]) if origin else None
    text = origin["text"] if origin else None
    if entry.key in guide.presets:
        source, text = "preset", _PRESET_TEXT
    rule = entry.rule
    return shapes.FieldView(
        key=entry.key,
        label=entry.label,
        type=entry.type,
        required=entry.required,
        options=list(entry.options),
        rule=shapes.RuleView(min=rule.min, max=rule.max, max_rows=rule.max_rows) if rule else None,
        hint=_HINTS.get(entry.type),
        value=values.get(entry.key),
        source=source,
        source_text=text,
    )


def _way(
    entry: Replacement, held: HeldLicences, licence_names: Mapping[str, str]
) -> shapes.WayView:
    if entry.by != "licence" or entry.type is None:
        available = entry.by != "data"
        return shapes.WayView(
            by=entry.by, label=_WAY_LABELS[entry.by], licence_type=None, available=available
        )
    licence_id = held.get(entry.type)
    name = licence_names.get(entry.type, entry.type)
    return shapes.WayView(
        by="licence",
        label=f"调用电子证照《{name}》，无需上传",
        licence_type=entry.type,
        available=licence_id is not None,
        licence_id=licence_id,
    )


def _current_pages(
    row: Material | None, files: Mapping[UUID, Sequence[MaterialFile]]
) -> list[MaterialFile]:
    """The files of the material's present version; older ones are history."""
    if row is None:
        return []
    return [page for page in files.get(row.id, ()) if page.version == row.version]


def _file(page: MaterialFile, files_at: str) -> shapes.FileView:
    at = f"{files_at}/{page.id}"
    # A file that was cut anew keeps its address; this tells browsers that it is another picture.
    version = f"?v={page.digest[:8]}" if page.original_digest else ""
    return shapes.FileView(
        id=page.id,
        name=page.name,
        media_type=page.media_type,
        size=page.size,
        page=page.page,
        status=page.status,
        url=f"{at}/content{version}",
        thumbnail_url=f"{at}/thumbnail{version}" if thumbnails.may_exist(page) else None,
        straightened=page.original_digest is not None,
    )


def _licence_use(row: Material | None, *, face_words: FaceWords | None) -> shapes.LicenceUse | None:
    if row is None or row.licence_id is None:
        return None
    return shapes.LicenceUse(
        id=row.licence_id,
        name=row.licence_name or "",
        number_masked=row.licence_number_masked or "",
        face=_face(row, face_words) if face_words else None,
    )


def _face(row: Material, words: FaceWords) -> list[shapes.FaceField]:
    lines = words(row.licence_type or "", papers.licence_face(row))
    return [shapes.FaceField(label=label, value=value) for label, value in lines]


def _situations(guide: Guide, answers: Mapping[str, Sequence[str]]) -> list[shapes.AnswerView]:
    shown = []
    for entry in guide.questions:
        labels = {option.value: option.label for option in entry.options}
        chosen = [labels[value] for value in answers.get(entry.code, ())]
        shown.append(shapes.AnswerView(code=entry.code, question=entry.question, chosen=chosen))
    return shown


def _timeline_entry(entry: TimelineEntry) -> shapes.TimelineView:
    return shapes.TimelineView(
        n=entry.n,
        at=entry.at,
        kind=entry.kind,
        title=entry.title,
        text=entry.text,
        actor_text=entry.actor_text,
    )


def _points(row: Supplement) -> list[shapes.SupplementPoint]:
    """What is missing and why; older rows have the reasons beside the names."""
    reasons: dict[str, str] = json.loads(row.reasons) if row.reasons else {}
    return [
        shapes.SupplementPoint(
            code=point["code"],
            name=point["name"],
            reason=reasons.get(point["code"]) or point.get("reason", ""),
        )
        for point in row.items
    ]


def _supplement(row: Supplement | None) -> shapes.SupplementView | None:
    if row is None:
        return None
    return shapes.SupplementView(
        id=row.id,
        items=_points(row),
        note=row.note,
        due_on=row.due_on,
        state=row.state,
        answer_note=row.answer_note,
    )
