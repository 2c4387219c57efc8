"""What is handed in through an app is shown to its platform's content check; the case goes on.

    waiting ──asked──▶ asked (a picture: its verdict is pushed later)
       │                  │
       └──────verdict─────┴──▶ done: pass, review, risky, unchecked or gone

A check is written down in the transaction that takes the thing in; the platform is asked later,
outside any transaction, and again and again while it is away. Nothing waits for it: a risky picture
is held back with a reason both sides read, everything else is a mark for the reviewer. A machine's
verdict decides no application (Administrative Licensing Law art. 38 asks for a reason in law).
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable
from uuid import UUID

from core import outbox
from core.database import transaction
from core.errors import Problem, TooMany, Unavailable
from core.protection.protect import for_row
from core.queue import Backoff, Claim, Queue
from core.workers import Workers
from identity import channels
from identity import queries as identity_queries
from identity.principal import Principal
from services.cases import events, lifecycle, moves, timeline
from services.cases.files import addresses
from services.cases.lifecycle import CaseState
from services.cases.models import Case, ContentCheck, Material, MaterialFile, Supplement
from services.cases.rules.completeness import MaterialStatus
from services.cases.shapes import ContentMark

log = logging.getLogger(__name__)

PICTURE, FORM, NOTE = "picture", "form", "note"
PASS, REVIEW, RISKY, UNCHECKED, GONE = "pass", "review", "risky", "unchecked", "gone"

POLL_SECONDS = 10.0
GIVE_UP = timedelta(hours=2)
"""WeChat judges only for people who have used the mini-program within two hours."""

ADDRESS_LIFE = timedelta(minutes=30)
"""WeChat fetches the picture and tells its verdict within this time."""

LONGEST_SECONDS = 60.0
"""Longer than a platform may take to answer."""

PICTURES = ("image/jpeg", "image/png")
FREE_TEXT = ("string", "text")
HELD_BACK = (
    "图片没有通过内容安全检查，请换一张；如认为有误，可改用浏览器或到窗口提交，由工作人员查看"
)
WITH_THE_OFFICE = "一张图片没有通过自动内容检查，将由工作人员查看；需要更换时会通知您补正"
ON_TEXT = "填写的内容没有通过自动内容检查，将由工作人员查看，不影响继续办理"
NAMES = {FORM: "表单内容", NOTE: "补正说明", PICTURE: "图片"}
MARKS = {
    RISKY: "未通过，请查看",
    REVIEW: "存疑，请人工查看",
    UNCHECKED: "没有检查成，请人工查看",
}
QUEUE = Queue(
    name="content-checks",
    model=ContentCheck,
    open="j.state IN ('waiting', 'asked')",
    backoff=Backoff(first=10.0, longest=600.0, tries=1_000),
    life=20.0,
    furthest=3600.0,
    error="",
)
"""Tries end by time (GIVE_UP), not by number."""

_HOLDING = lifecycle.MATERIALS_OPEN | {CaseState.SUBMITTED, CaseState.ACCEPTED}


@runtime_checkable
class TextChecker(Protocol):
    """A platform that judges texts. Gives one of the verdicts above."""

    async def check_text(self, text: str, *, user_id: str) -> str: ...


@runtime_checkable
class PictureChecker(Protocol):
    """A platform that judges pictures: asked now, answered later."""

    async def begin_picture_check(self, url: str, *, user_id: str) -> str: ...

    async def picture_verdict(self, reference: str) -> str | None: ...


async def note_picture(file: MaterialFile, *, case_id: UUID, by: Principal) -> None:
    """A picture has come in; call it inside the transaction that stores it."""
    if file.media_type in PICTURES:
        await _note(PICTURE, case_id=case_id, by=by, at=file.created_at, file_id=file.id)


async def note_text(kind: str, *, case_id: UUID, by: Principal, at: datetime) -> None:
    """A form or a note has been handed in; call it inside the transaction that takes it."""
    await _note(kind, case_id=case_id, by=by, at=at)


async def follow(pictures: Sequence[UUID], *, into: UUID) -> None:
    """The pictures are pages of a document now; what is said of them is said of it. Call it inside
    the transaction that puts them together."""
    await ContentCheck.filter(file_id__in=list(pictures)).update(held_in=into)


async def run_due(
    *, checkers: Mapping[str, object], public_url: str, secret_key: bytes, at: datetime
) -> int:
    """Ask what is due (a timer calls it); returns how many checks were looked after."""

    async def look_after(claim: Claim[ContentCheck]) -> bool:
        checker = checkers.get(claim.row.platform)
        verdict = await _verdict(
            claim, checker, public_url=public_url, secret_key=secret_key, at=at
        )
        if verdict is not None:
            await _finish(claim.row, verdict, at=at)
        return True

    async def failed(claim: Claim[ContentCheck], error: Exception) -> None:
        log.warning("content check %s was put off", claim.row.id, exc_info=error)
        if at - claim.row.created_at > GIVE_UP:
            await _finish(claim.row, UNCHECKED, at=at)
        else:
            await claim.put_off()

    return await Workers(QUEUE, look_after, failed=failed, longest=LONGEST_SECONDS).drain()


async def marks_of(case_id: UUID) -> list[ContentMark]:
    """What the reviewer should look at, of what is still part of the case."""
    rows = await ContentCheck.filter(case_id=case_id, state="done", verdict__in=tuple(MARKS))
    marks = []
    for row in rows:
        file = await _present_file(row) if row.kind == PICTURE else None
        if row.kind == PICTURE and file is None:
            continue
        marks.append(
            ContentMark(
                kind=row.kind,
                verdict=row.verdict or "",
                text=f"平台内容检查：{NAMES[row.kind]}{MARKS[row.verdict or UNCHECKED]}",
                material_code=file.material.code if file else None,
                file_id=file.id if file else None,
            )
        )
    return marks


async def _note(
    kind: str, *, case_id: UUID, by: Principal, at: datetime, file_id: UUID | None = None
) -> None:
    platform = await channels.judge_of(by.channel, PICTURE if kind == PICTURE else "text")
    if platform is None:
        return
    await ContentCheck.create(
        case_id=case_id,
        kind=kind,
        file_id=file_id,
        person_id=by.person_id,
        platform=platform,
        state="waiting",
        created_at=at,
    )


async def _verdict(
    claim: Claim[ContentCheck],
    checker: object,
    *,
    public_url: str,
    secret_key: bytes,
    at: datetime,
) -> str | None:
    """None while it is still to come."""
    row = claim.row
    if row.state == "asked" and isinstance(checker, PictureChecker):
        found = await checker.picture_verdict(row.reference or "")
        if found is None:
            await claim.wait(POLL_SECONDS)
        return None if found is None else str(found)
    user_id = await _user_id(row)
    try:
        if user_id is None:
            return UNCHECKED
        if row.kind == PICTURE and isinstance(checker, PictureChecker):
            return await _ask_picture(
                claim, checker, user_id, public_url=public_url, secret_key=secret_key, at=at
            )
        if row.kind != PICTURE and isinstance(checker, TextChecker):
            text = await _text(row)
            found = await checker.check_text(text, user_id=user_id) if text else PASS
            return await _again(claim, at=at) if found == UNCHECKED else str(found)
    except (Unavailable, TooMany):
        return await _again(claim, at=at)
    except Problem:
        return UNCHECKED
    return UNCHECKED


async def _ask_picture(
    claim: Claim[ContentCheck],
    checker: PictureChecker,
    user_id: str,
    *,
    public_url: str,
    secret_key: bytes,
    at: datetime,
) -> str | None:
    row = claim.row
    if row.file_id is None or await _present_file(row) is None:
        return GONE
    until = at + ADDRESS_LIFE
    path = addresses.address_of(
        addresses.Kind.MATERIAL, row.file_id, secret_key=secret_key, until=until
    )
    reference = await checker.begin_picture_check(f"{public_url}{path}", user_id=user_id)
    await claim.wait(POLL_SECONDS, state="asked", reference=reference)
    return None


async def _again(claim: Claim[ContentCheck], *, at: datetime) -> str | None:
    """Later, or never: then a person has to look."""
    if at - claim.row.created_at > GIVE_UP:
        return UNCHECKED
    await claim.put_off()
    return None


async def _user_id(row: ContentCheck) -> str | None:
    for account in await identity_queries.list_platform_users(row.person_id):
        if account.platform == row.platform:
            return account.user_id
    return None


async def _text(row: ContentCheck) -> str:
    """What the person wrote; what we filled in ourselves is not asked about."""
    if row.kind == NOTE:
        supplement = await Supplement.get_or_none(case_id=row.case_id)
        return (supplement.answer_note or "") if supplement else ""
    case = await Case.get(id=row.case_id)
    guide = await moves.guide_of(case)
    values = moves.form_values(case)
    typed = [
        str(values[entry.key])
        for entry in guide.fields
        if entry.type in FREE_TEXT and values.get(entry.key) and entry.key not in case.provenance
    ]
    return "\n".join(typed)


async def _present_file(row: ContentCheck) -> MaterialFile | None:
    """The file, or the document it is a page of, while that is part of the material."""
    held = row.held_in or row.file_id
    file = await MaterialFile.get_or_none(id=held).select_related("material")
    return file if file is not None and file.version == file.material.version else None


async def _finish(row: ContentCheck, verdict: str, *, at: datetime) -> None:
    async with transaction():
        open_ = ContentCheck.filter(id=row.id, state__in=("waiting", "asked"))
        if not await open_.update(state="done", verdict=verdict, held_until=None):
            return
        if verdict != RISKY:
            return
        case = await Case.get(id=row.case_id)
        if row.kind == PICTURE:
            await _hold_back(row, case, at=at)
        else:
            await timeline.append(
                case.id, kind="content-check", title="内容检查", text=ON_TEXT, at=at
            )


async def _hold_back(row: ContentCheck, case: Case, *, at: datetime) -> None:
    """The picture counts as rejected, like one that cannot be read; not in a decided case.

    While the case lies with the office the applicant cannot change it: the officer, who reads the
    mark, may still take the material or ask for another in the one notice there is.
    """
    file = await _present_file(row)
    if file is None or case.state not in _HOLDING:
        return
    theirs = case.state in lifecycle.MATERIALS_OPEN
    reason = HELD_BACK if theirs else WITH_THE_OFFICE
    status = {"status": MaterialStatus.REJECTED, "note": reason}
    await MaterialFile.filter(id=file.id).update(**status)
    current = Material.filter(id=file.material.id, version=file.version, way="upload")
    changes = for_row(Material, {**status, "updated_at": at}, case.id, file.material.code)
    await current.update(**changes)
    if not theirs:
        await timeline.append(case.id, kind="content-check", title="内容检查", text=reason, at=at)
        return
    await timeline.append(
        case.id, kind="material-rejected", title="材料需要重新上传", text=reason, at=at
    )
    checked = events.MaterialChecked(
        **moves.event_facts(case),
        material_code=file.material.code,
        material_id=file.id,
        ok=False,
        note=reason,
    )
    await outbox.publish(checked, key=str(case.id))
