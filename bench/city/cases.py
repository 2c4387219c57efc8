"""Cases with their materials, files, timelines, notices, conversations and bills."""

from __future__ import annotations

from dataclasses import dataclass

from bench.city.ink import context
from bench.city.molds import CaseMold
from bench.city.recipe import (
    PEOPLE_PER_ORGANISATION,
    credit_code,
    digest,
    ident,
    identity_no,
    name_of,
    organisation_name,
    skewed,
)
from bench.city.sheets import NONE, Block
from identity.numbers import mask_name
from services.cases.rules import numbers

_FORM = context("cases_case", "form")
_FACTS = context("cases_case", "facts")
_OUTCOME = context("cases_case", "outcome_text")
_TEXT = context("cases_timeline_entry", "text")
_FILE = context("cases_material_file", "name")
_UPLOAD = context("cases_upload", "filename")
_NOTE = context("cases_supplement", "note")
_REASONS = context("cases_supplement", "reasons")
_SAID = context("cases_message", "text")
_AUTHOR = context("cases_message", "author_name")
_BY_NAME = b"cases.applicant\x00"
DRAFT_EVERY = 331
OPEN_DAYS = 34
"""Cases older than this have ended."""


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """Who applies: a person, or an organisation by its representative."""

    subject: str
    person: str
    number: int
    """The person's."""
    name: str
    id_type: str
    id_no: str


@dataclass(kw_only=True)
class Course:
    """What became of a case, with the ages of its steps in days."""

    state: str
    age: int
    steps: list[tuple[int, str, str, str, str]]
    """Age, kind, title, text, who."""
    outcome: str = ""
    accepted: int | None = None
    ended: int | None = None


def applicant_of(block: Block, n: int, mold: CaseMold) -> Applicant:
    number = block.first + skewed(n, block.size)
    if not mold.for_organisations:
        row = ident("person", number)
        return Applicant(
            subject=row,
            person=row,
            number=number,
            name=name_of(number),
            id_type="111",
            id_no=identity_no(number),
        )
    # One organisation has more than anybody: all of the first block's.
    organisation = 0 if block.first == 0 else number // PEOPLE_PER_ORGANISATION
    representative = organisation * PEOPLE_PER_ORGANISATION
    return Applicant(
        subject=ident("organisation", organisation),
        person=ident("person", representative),
        number=representative,
        name=organisation_name(organisation),
        id_type="001",
        id_no=credit_code(organisation),
    )


def course_of(n: int, age: int, mold: CaseMold, short_no: str) -> Course:
    """From the day it was handed in to where it stands today."""
    share = n * 2_654_435_761 % 2**32 % 100
    office, state = mold.department_name, _state(age, share)
    said = f"办件编号 {short_no}。五个工作日内会答复是否受理。"
    steps = [(age, "submitted", "申请已提交", said, "申请人")]
    course = Course(state=state, age=age, steps=steps)
    if state in ("submitted", "acceptance_declined", "withdrawn"):
        return _ended_early(course, office)
    course.accepted = max(age - 2, 0)
    steps.append((course.accepted, "accepted", "已受理", "承诺时限内办结。", office))
    last = max(age - 5 - share % 20, 1) if age > 6 else max(age - 2, 0)
    if state in ("supplement_requested", "lapsed"):
        asked = max(age - 3, 0)
        steps.append((asked, "supplement-requested", "需要补正材料", "照片不清楚。", office))
    if state == "lapsed":
        course.outcome, course.ended = "没有按期补正，申请已退回。", last
        steps.append((last, "lapsed", "逾期未补正", course.outcome, "系统"))
    if state == "refused":
        course.outcome, course.ended = "不符合规定的条件。", last
        steps.append((last, "refused", "不予许可", f"理由：{course.outcome}", office))
    if state == "closed":
        course.outcome, course.ended = "同意" if n % 3 == 0 else "", last
        steps.append((last, "approved", "准予许可", f"正在制作《{mold.result}》。", office))
        steps.append((last, "closed", "已办结", f"《{mold.result}》已生成。", "系统"))
    return course


def _state(age: int, share: int) -> str:
    if age < OPEN_DAYS:
        if age < 2 or (age < 4 and share < 50):
            return "submitted"
        if age < 4 or share < 80:
            return "accepted"
        return "supplement_requested" if share < 88 else "closed"
    ends = ((90, "closed"), (93, "refused"), (96, "withdrawn"), (98, "acceptance_declined"))
    return next((state for limit, state in ends if share < limit), "lapsed")


def _ended_early(course: Course, office: str) -> Course:
    last = max(course.age - 1, 0)
    if course.state == "withdrawn":
        course.outcome, course.ended = "不办了", last
        course.steps.append((last, "withdrawn", "已撤回", "原因：不办了", "申请人"))
    if course.state == "acceptance_declined":
        course.outcome, course.ended = "不属于本机关职权范围。", last
        course.steps.append((last, "acceptance-declined", "不予受理", course.outcome, office))
    return course


def write(block: Block, n: int) -> tuple[Applicant, Course, CaseMold, str]:
    """Case `n` and all that hangs on it; gives who applied, its course and its short number."""
    molds = block.molds.cases
    mold, items = molds[n % len(molds)], len(molds)
    age, serial = block.recipe.age_of_case(n, items), block.recipe.serial_of_case(n, items)
    day = block.recipe.today.__class__.fromisoformat(block.on(age))
    short_no = numbers.short_no(on=day, serial=n + 1)
    who, course = applicant_of(block, n, mold), course_of(n, age, mold, short_no)
    if n % DRAFT_EVERY == 0 and 3 < age < 30:
        course = Course(state="draft", age=age, steps=[])
    case_no = numbers.case_no(mold.implementation, on=day, serial=serial)
    _case(block, n, mold, who, course, (case_no, short_no))
    whole = block.recipe.is_whole(who.number)
    _timeline(block, n, course, whole=whole)
    _materials(block, n, mold, who, course, whole=whole)
    if any(step[1] == "supplement-requested" for step in course.steps):
        _supplement(block, n, mold, course)
    if n % 10 == 0 and course.steps:
        _conversation(block, n, mold, who, course, whole=whole)
    if n % 12 == 0 and course.accepted is not None:
        _bill(block, n, mold, who, course, short_no)
    return who, course, mold, short_no


def _case(
    block: Block,
    n: int,
    mold: CaseMold,
    who: Applicant,
    course: Course,
    names: tuple[str, str],
) -> None:
    row, ink, age = ident("case", n), block.ink, course.age
    key, at = row.encode(), block.at(age, n)
    draft, asked = course.state == "draft", course.state == "supplement_requested"
    licence, facts = NONE, NONE
    if course.state == "closed" and gives_licence(mold, who):
        assert mold.licence is not None
        licence = ident("licence", n)
        facts = ink.seal(facts_of(mold.licence.facts, mold, who), _FACTS + key)
    outcome = ink.seal(course.outcome, _OUTCOME + key) if course.outcome else NONE
    case_no, short_no = (NONE, NONE) if draft else names
    on = block.on
    accepted = course.accepted
    late = 8 if n % 19 else 40
    due = NONE if accepted is None else on(accepted - OPEN_DAYS - n % 7 + late)
    masked = who.name if who.id_type == "001" else mask_name(who.name)
    last = course.steps[-1][0] if course.steps else age
    block.sheets["cases_case"].append(
        f"{row}\t{case_no}\t{short_no}\t{mold.code}\t{mold.version}\t{mold.digest}\t{mold.name}"
        f"\t{mold.department}\t{who.subject}\t{who.person}\t{masked}"
        f"\t{ink.index(who.name, _BY_NAME)}\t{course.state}\t{'accepted' if asked else NONE}"
        f"\t{mold.answers}\t{ink.seal(mold.form, _FORM + key)}\t{{}}"
        f"\t{NONE if draft else mold.approval_mode}\t{facts}\t{outcome}\t{licence}"
        f"\t{len(course.steps)}\t{len(course.steps) + 1}\t{at}\t{block.at(last, n)}"
        f"\t{NONE if draft else at}\t{NONE if draft else on(age)}\t{NONE if draft else on(age - 7)}"
        f"\t{NONE if accepted is None else block.at(accepted, n)}"
        f"\t{NONE if accepted is None else on(accepted)}\t{due}\t{due}"
        f"\t{on(max(age - 3, 0)) if asked else NONE}"
        f"\t{NONE if course.ended is None else block.at(course.ended, n)}"
        f"\t{NONE if course.ended is None else block.at(course.ended, n)}"
        f"\t{int(_is_unread(n, course))}"
    )


def _is_unread(n: int, course: Course) -> bool:
    """Whether the applicant wrote something that the office has not read."""
    return n % 30 == 0 and bool(course.steps) and course.ended is None


def gives_licence(mold: CaseMold, who: Applicant) -> bool:
    return mold.licence is not None and mold.licence.id_type == who.id_type


def facts_of(facts: str, mold: CaseMold, who: Applicant) -> str:
    """An example's facts with this holder in them."""
    assert mold.licence is not None
    named = facts.replace(mold.licence.holder_name, who.name)
    return named.replace(mold.licence.holder_no, who.id_no)


def _timeline(block: Block, n: int, course: Course, *, whole: bool) -> None:
    case = ident("case", n)
    for number, (age, kind, title, text, actor) in enumerate(course.steps, start=1):
        row = ident("timeline", n, number)
        block.sheets["cases_timeline_entry"].append(
            f"{row}\t{case}\t{number}\t{block.at(age, n)}\t{kind}\t{title}"
            f"\t{block.cell(text, _TEXT, row, whole=whole)}\t{actor}"
        )


def _materials(
    block: Block, n: int, mold: CaseMold, who: Applicant, course: Course, *, whole: bool
) -> None:
    case, at = ident("case", n), block.at(course.age, n)
    for place, code in enumerate(mold.materials):
        material, file = ident("material", n, place), ident("file", n, place)
        block.sheets["cases_material"].append(
            f"{material}\t{case}\t{code}\tupload\tchecked\t1\t{at}"
        )
        name = block.cell(f"材料{place + 1}.jpg", _FILE, file, whole=whole)
        block.sheets["cases_material_file"].append(
            f"{file}\t{material}\t1\t1\t{name}\timage/jpeg\t{200_000 + n % 100_000}"
            f"\t{digest('file', n, place)}\tchecked\t{digest('upload', n, place)}"
            f"\t{who.person}\t{at}"
        )
        if place == 0 and n % 2 == 0:
            upload = ident("upload", n)
            name = block.cell("材料1.jpg", _UPLOAD, upload, whole=whole)
            block.sheets["cases_upload"].append(
                f"{upload}\t{case}\t{code}\t{who.person}\t{name}\t200000\tfinished\t{file}\t{at}"
                f"\t{block.at(course.age - 1, n)}"
            )
        if place == 0 and n % 3 == 0:
            block.sheets["cases_content_check"].append(
                f"{ident('check', n)}\t{case}\tpicture\t{file}\t{who.person}\twechat\tdone\tpass"
                f"\t1\t{at}\t{at}\t1\t0"
            )


def _supplement(block: Block, n: int, mold: CaseMold, course: Course) -> None:
    row, ink = ident("supplement", n), block.ink
    code = mold.materials[0] if mold.materials else f"{mold.code}-M01"
    is_open, key = course.state == "supplement_requested", row.encode()
    due = block.on(-5 - n % 20 if is_open else course.age - 20)
    items = f'[{{"code":"{code}","name":"材料"}}]'
    reasons = f'{{"{code}":"照片不清楚"}}'
    block.sheets["cases_supplement"].append(
        f"{row}\t{ident('case', n)}\t{items}\t{ink.seal(reasons, _REASONS + key)}"
        f"\t{ink.seal('请重新拍摄', _NOTE + key)}\t{due}\t{'open' if is_open else 'lapsed'}"
        f"\t{block.at(max(course.age - 3, 0), n)}\t{NONE}"
    )


def _conversation(
    block: Block, n: int, mold: CaseMold, who: Applicant, course: Course, *, whole: bool
) -> None:
    unread = int(_is_unread(n, course))
    block.sheets["cases_conversation"].append(
        f"{ident('conversation', n)}\t{ident('case', n)}\t2\t2\t{2 - unread}\t0\t{unread}"
    )
    sides = (("office", mold.department_name, "您好，请问还需要什么帮助？"),)
    sides += (("applicant", who.name, "请问什么时候能办好？"),)
    for number, (side, name, text) in enumerate(sides, start=1):
        row = ident("message", n, number)
        block.sheets["cases_message"].append(
            f"{row}\t{ident('case', n)}\t{number}\t{side}\t{who.person}"
            f"\t{block.cell(name, _AUTHOR, row, whole=whole)}\t{n}-{number}"
            f"\t{block.cell(text, _SAID, row, whole=whole)}"
            f"\t{block.at(max(course.age - 1, 0), n)}"
        )


def _bill(
    block: Block, n: int, mold: CaseMold, who: Applicant, course: Course, short_no: str
) -> None:
    bill, order_no, at = ident("bill", n), f"C{n:012d}", block.at(course.age, n)
    block.sheets["payments_bill"].append(
        f"{bill}\t{ident('case', n)}\tfee\t{who.subject}\t{who.person}\t{mold.department}"
        f"\t{mold.name[:100]}：每件\t{short_no}\t1000\tpaid\t0\t0\t{at}\t{at}\t{order_no}"
    )
    block.sheets["payments_order"].append(
        f"{ident('order', n)}\t{order_no}\t{bill}\twechat\t{who.person}\t1000\tpaid\t0\t{at}"
        f"\t{block.at(course.age - 1, n)}\t{at}\t1\t0\t0"
    )
    block.sheets["payments_entry"].append(
        f"{ident('entry', n)}\tpayment\t{order_no}\twechat\t1000\t{block.on(course.age)}\t{at}"
    )
