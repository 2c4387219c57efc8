import logging
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from core.files.recognition import Line, RecognitionOff
from services.cases import errors
from services.cases.materials import text_hints
from services.cases.models import Case
from services.guides.definitions import FormField
from tests.cases.factories import LI, PHOTO, CaseMaker, person

NAME = FormField(key="name", label="姓名", type="string", required=True)
PHONE = FormField(key="phone", label="联系电话", type="phone", required=True)
AGREED = FormField(key="agreed", label="同意", type="boolean", required=True)


@dataclass
class StandIn:
    """Reads the same lines from every picture."""

    lines: list[Line] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    async def read(self, picture: bytes, *, media_type: str) -> list[Line]:
        self.seen.append(media_type)
        return self.lines

    async def close(self) -> None: ...


def lines(*texts: str, confidence: float = 0.95) -> list[Line]:
    return [Line(text, confidence) for text in texts]


def found(*texts: str, values: dict[str, object] | None = None) -> dict[str, str]:
    hints = text_hints.suggest([NAME, PHONE, AGREED], lines(*texts), values=values or {})
    return {hint.key: hint.value for hint in hints}


@pytest.mark.parametrize(
    "text", ["姓名：张三", "姓 名: 张三", "姓名 张三", "  姓名：张三    性别：男"]
)
def test_a_line_with_the_label_suggests_its_value(text: str) -> None:
    assert found("申请表", text) == {"name": "张三"}


def test_the_value_may_stand_in_the_next_line() -> None:
    assert found("联系电话", "13800000000") == {"phone": "13800000000"}


def test_what_the_form_would_refuse_is_not_suggested() -> None:
    assert found("联系电话：不详", "同意：是") == {}


def test_what_is_filled_in_already_is_not_suggested() -> None:
    assert found("姓名：张三", values={"name": "张三"}) == {}
    assert found("姓名：张三", values={"name": "李四"}) == {"name": "张三"}


def test_what_was_hardly_legible_is_not_suggested() -> None:
    assert text_hints.suggest([NAME], lines("姓名：张三", confidence=0.5), values={}) == []


async def attached(cases: CaseMaker) -> tuple[UUID, UUID]:
    case_id = await cases.draft()
    return case_id, await cases.attach(case_id)


async def test_a_picture_suggests_and_changes_nothing(
    cases: CaseMaker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    case_id, file_id = await attached(cases)
    before = await Case.get(id=case_id)
    service = StandIn(lines("服务银行：上海银行"))

    hints = await text_hints.read(
        case_id, PHOTO, file_id, by=cases.by, blobs=cases.blobs, recogniser=service
    )

    assert [(hint.key, hint.value) for hint in hints] == [("bank", "上海银行")]
    after = await Case.get(id=case_id)
    assert (after.form, after.revision) == (before.form, before.revision)
    assert service.seen == ["image/jpeg"]
    assert "上海银行" not in caplog.text
    assert "上海银行" not in repr(service.lines)


async def test_without_a_service_it_is_off(cases: CaseMaker) -> None:
    case_id, file_id = await attached(cases)

    with pytest.raises(RecognitionOff):
        await text_hints.read(
            case_id, PHOTO, file_id, by=cases.by, blobs=cases.blobs, recogniser=None
        )


async def test_pictures_of_others_are_not_read(cases: CaseMaker) -> None:
    case_id, file_id = await attached(cases)
    service = StandIn()
    stranger = await person(LI)

    with pytest.raises(errors.CaseNotFound):
        await text_hints.read(
            case_id, PHOTO, file_id, by=stranger, blobs=cases.blobs, recogniser=service
        )
    other = await cases.draft()
    with pytest.raises(errors.FileNotFound):
        await text_hints.read(
            other, PHOTO, file_id, by=cases.by, blobs=cases.blobs, recogniser=service
        )
    assert service.seen == []
