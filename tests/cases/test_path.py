"""From draft to closure in one go; the single acts have files of their own."""

from uuid import uuid4

from core.outbox import OutboxMessage
from services.cases.acts import apply, review, supplement
from services.cases.views import queries
from tests.cases.factories import PHOTO, CaseMaker


async def test_a_case_goes_from_draft_to_closure(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    await cases.fill(case_id)
    await cases.attach(case_id)
    await apply.submit(case_id, by=cases.by, blobs=cases.blobs)

    missing = [supplement.Missing(PHOTO, "照片不清晰")]
    notice = await supplement.request(
        case_id, items=missing, note="", due_on=None, by=cases.officer
    )
    await cases.attach(case_id)
    await supplement.answer(case_id, notice, note="已重拍", by=cases.by, blobs=cases.blobs)
    await review.accept(case_id, by=cases.officer)
    await review.approve(case_id, opinion="符合条件", facts={"name": "张演示"}, by=cases.officer)
    licence_id = uuid4()
    await review.close(case_id, licence_id=licence_id)

    detail = await queries.get_detail(case_id, by=cases.by)
    assert detail.state == "closed"
    assert detail.licence is not None
    assert detail.licence.id == licence_id
    assert [entry.n for entry in detail.timeline] == list(range(1, len(detail.timeline) + 1))
    assert {step.state for step in detail.steps} == {"done"}
    told = await OutboxMessage.all().order_by("id").values_list("name", flat=True)
    assert [name for name in told if not name.startswith("Material")] == [
        "CaseSubmitted",
        "SupplementRequested",
        "SupplementAnswered",
        "CaseAccepted",
        "CaseApproved",
        "CaseClosed",
    ]
