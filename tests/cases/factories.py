"""People, officers, files and cases, each in one line. All identifiers are synthetic."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from PIL import Image, ImageDraw

from core import events as core_events
from core.files.blobs import Blobs
from core.ids import new_id
from core.outbox import OutboxMessage
from identity.models import Department, Officer
from identity.people import organisations, persons
from identity.principal import Principal, PrincipalKind
from services.cases.acts import apply, review
from services.cases.materials import papers

ZHANG = ("310199199003071017", "张演示")
LI = ("310199198511201020", "李样例")
ORG = ("91310117FAKE100193", "上海松江演示餐饮有限公司")

ITEM = "SJ-RSJ-03"
"""社会保障卡申领: one question matters (S1), one upload (M03), real name and form do the rest."""
ANSWERS = {"S1": ["self"], "S2": ["bank"]}
PHOTO = "SJ-RSJ-03-M03"


async def person(who: tuple[str, str] = ZHANG, *, acting_for: UUID | None = None) -> Principal:
    """A signed-in citizen."""
    subject_id = await persons.register(
        id_no=who[0], name=who[1], phone="19900000001", by="system:test"
    )
    return Principal(
        kind=PrincipalKind.CITIZEN,
        id=subject_id,
        name=who[1],
        subject_id=subject_id,
        acting_for=acting_for,
    )


async def organisation(representative: Principal) -> UUID:
    return await organisations.register(
        uscc=ORG[0],
        name=ORG[1],
        legal_representative_id=representative.person_id,
        by="system:test",
    )


def officer(department: str | None = "RSJ", *roles: str) -> Principal:
    return Principal(
        kind=PrincipalKind.OFFICER,
        id=new_id(),
        name="吴审核",
        roles=frozenset(roles or ("reviewer",)),
        department=department,
    )


async def appointed(
    department: str | None = "RSJ", *roles: str, person_id: UUID | None = None
) -> Principal:
    """An officer whose account there is, as acts ask for it."""
    by = officer(department, *roles)
    if department is not None:
        known = {"name": department, "short_name": department, "credit_code": "-"}
        await Department.get_or_create(known, key=department)
    await Officer.create(
        id=by.id,
        staff_no=by.id.hex[:12],
        name=by.name,
        password_hash="-",
        roles=sorted(by.roles),
        department_id=department,
        person_id=person_id,
    )
    return by


async def told(name: str) -> Any:
    """The one event of this name in the outbox; Any, since each has fields of its own."""
    row = await OutboxMessage.filter(name=name).get()
    return core_events.from_payload(row.name, json.loads(row.payload))


def photo(*, width: int = 640, height: int = 480, kind: str = "JPEG") -> bytes:
    """A picture that shows something."""
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    for n in range(0, width, 40):
        draw.rectangle((n, n % height, n + 20, n % height + 60), fill=(n % 255, 40, 90))
    return encoded(picture, kind=kind)


def blank_photo() -> bytes:
    return encoded(Image.new("RGB", (640, 480), (250, 250, 250)), kind="JPEG")


def encoded(picture: Image.Image, *, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=kind, **options)
    return buffer.getvalue()


def pdf() -> bytes:
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj\n"
        b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )


@dataclass
class CaseMaker:
    """Takes a case through its life with as little said as possible."""

    blobs: Blobs
    folder: Path
    by: Principal
    officer: Principal

    async def draft(self, item: str = ITEM, answers: dict[str, list[str]] | None = None) -> UUID:
        return await apply.open_draft(
            item, answers=ANSWERS if answers is None else answers, by=self.by
        )

    async def attach(
        self, case_id: UUID, code: str = PHOTO, data: bytes | None = None, name: str = "照片.jpg"
    ) -> UUID:
        path = self.folder / f"{new_id().hex}.part"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo() if data is None else data)
        try:
            return await papers.attach_file(
                case_id, code, path=path, filename=name, by=self.by, blobs=self.blobs
            )
        finally:
            path.unlink(missing_ok=True)

    async def fill(self, case_id: UUID) -> None:
        """The one field the platform cannot prefill."""
        await apply.fill(case_id, values={"bank": "上海银行"}, by=self.by)

    async def submitted(self) -> UUID:
        case_id = await self.draft()
        await self.fill(case_id)
        await self.attach(case_id)
        await apply.submit(case_id, by=self.by, blobs=self.blobs)
        return case_id

    async def accepted(self) -> UUID:
        case_id = await self.submitted()
        await review.accept(case_id, by=self.officer)
        return case_id
