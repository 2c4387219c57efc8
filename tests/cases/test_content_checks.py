"""What is handed in through WeChat is judged by WeChat, here by the stand-in; the case goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from core import clock
from core.outbox import OutboxMessage
from core.settings import Settings
from identity import channels
from identity.people import accounts
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.connector import Callback
from miniapp_bridge.platforms.wechat import WeChatConnector
from miniapp_bridge.standin import wechat as played
from miniapp_bridge.standin.world import World
from services.cases.acts import apply, review, supplement
from services.cases.materials import checking, combine, content_checks
from services.cases.models import ContentCheck, MaterialFile
from services.cases.views import queries
from tests.cases.factories import PHOTO, CaseMaker
from tests.played import configs, folder, stage, standin_keys, world

__all__ = ["configs", "folder", "stage", "standin_keys", "world"]

TEXT_PATH, PICTURE_PATH = "/wxa/msg_sec_check", "/wxa/media_check_async"


class Judge:
    """The timer's work, and WeChat's answers to it."""

    def __init__(self, wechat: WeChatConnector, world: World, settings: Settings) -> None:
        self.wechat, self.world, self.settings = wechat, world, settings

    async def run(self) -> int:
        return await content_checks.run_due(
            checkers={"wechat": self.wechat},
            public_url="https://zwfw.example.gov.cn",
            secret_key=self.settings.secret_key,
            at=clock.now(),
        )

    async def sees(self, picture: str) -> None:
        """Push what WeChat makes of the one picture it was shown."""
        (reference,) = self.world.pictures
        self.world.pictures[reference] = f"https://zwfw.example.gov.cn/{picture}.jpg"
        message = played.picture_verdict(self.world, reference)
        query, body = played.sealed_push(self.world, message)
        for event in self.wechat.open_callback(Callback(query=query, headers={}, body=body)):
            await self.wechat.note_event(event)


@pytest.fixture
async def judge(
    configs: PlatformConfigs, world: World, redis: Redis, settings: Settings
) -> AsyncIterator[Judge]:
    assert configs.wechat is not None
    wechat = WeChatConnector(configs.wechat, redis=redis)
    yield Judge(wechat, world, settings)
    await wechat.close()


@pytest.fixture
async def in_wechat(cases: CaseMaker, world: World, monkeypatch: pytest.MonkeyPatch) -> CaseMaker:
    """张演示 at work in the mini-program of a city that has its pictures judged as well."""
    mini = replace(channels.get_channel("wechat-mini"), content_check=("text", "picture"))
    monkeypatch.setitem(channels.registry(), "wechat-mini", mini)
    openid = world.people["zhang"].openid
    await accounts.bind_to(cases.by.person_id, platform="wechat", user_id=openid)
    cases.by = replace(cases.by, channel="wechat-mini")
    return cases


async def handed_in(cases: CaseMaker, name: str = "张大山") -> UUID:
    """A case whose applicant has written something of their own."""
    case_id = await cases.draft()
    values = {"bank": "上海银行", "applicant_name": name}
    await apply.fill(case_id, values=values, by=cases.by)
    await cases.attach(case_id)
    await apply.submit(case_id, by=cases.by, blobs=cases.blobs)
    return case_id


async def verdicts() -> dict[str, str | None]:
    return {row.kind: row.verdict for row in await ContentCheck.all()}


async def marks(case_id: UUID) -> list[tuple[str, str]]:
    return [(mark.kind, mark.verdict) for mark in await content_checks.marks_of(case_id)]


async def test_risky_picture_is_held_back_with_a_reason_both_sides_read(
    in_wechat: CaseMaker, judge: Judge, frozen_clock: Any
) -> None:
    case_id = await in_wechat.draft()
    file_id = await in_wechat.attach(case_id)
    await checking.check(file_id, blobs=in_wechat.blobs)
    await judge.run()
    await judge.sees("bad")
    frozen_clock.advance(seconds=15)

    await judge.run()

    detail = await queries.get_detail(case_id, by=in_wechat.by)
    photo = next(one for one in detail.materials if one.code == PHOTO)
    assert (photo.status, photo.note) == ("rejected", content_checks.HELD_BACK)
    assert detail.timeline[-1].text == content_checks.HELD_BACK
    assert await marks(case_id) == [("picture", "risky")]
    told = [row.payload for row in await OutboxMessage.filter(name="MaterialChecked")]
    assert any(content_checks.HELD_BACK in payload for payload in told)

    await in_wechat.attach(case_id)  # another picture: the mark was about the former one
    assert await marks(case_id) == []


@pytest.mark.parametrize(("picture", "left"), [("shop", []), ("odd", [("picture", "review")])])
async def test_picture_that_passes_leaves_nothing_and_a_doubtful_one_a_mark(
    in_wechat: CaseMaker,
    judge: Judge,
    frozen_clock: Any,
    picture: str,
    left: list[tuple[str, str]],
) -> None:
    case_id = await in_wechat.draft()
    file_id = await in_wechat.attach(case_id)
    await judge.run()
    await judge.sees(picture)
    frozen_clock.advance(seconds=15)

    await judge.run()

    assert await marks(case_id) == left
    assert (await MaterialFile.get(id=file_id)).status == "received"
    frozen_clock.advance(minutes=5)
    assert await judge.run() == 0


@pytest.mark.parametrize(
    ("name", "verdict", "left"),
    [
        ("张演示", "pass", []),
        ("可疑内容", "review", [("form", "review")]),
        ("违法内容", "risky", [("form", "risky")]),
    ],
)
async def test_text_of_a_form_is_judged_after_it_was_handed_in(
    in_wechat: CaseMaker, judge: Judge, name: str, verdict: str, left: list[tuple[str, str]]
) -> None:
    case_id = await handed_in(in_wechat, name)

    await judge.run()

    assert (await verdicts())["form"] == verdict
    assert await marks(case_id) == left
    detail = await queries.get_detail(case_id, by=in_wechat.by)
    assert detail.state == "submitted"
    assert (detail.timeline[-1].kind == "content-check") is (verdict == "risky")


async def test_answer_to_a_supplement_is_judged_too(in_wechat: CaseMaker, judge: Judge) -> None:
    case_id = await in_wechat.submitted()
    await judge.run()
    unclear = [supplement.Missing(PHOTO, "照片不清晰")]
    notice = await supplement.request(
        case_id, items=unclear, note="", due_on=None, by=in_wechat.officer
    )
    await in_wechat.attach(case_id)
    await supplement.answer(
        case_id, notice, note="可疑说明", by=in_wechat.by, blobs=in_wechat.blobs
    )

    await judge.run()

    assert await marks(case_id) == [("note", "review")]


async def test_risky_picture_of_a_case_at_the_office_is_the_officers_to_judge(
    in_wechat: CaseMaker, judge: Judge, frozen_clock: Any
) -> None:
    case_id = await in_wechat.submitted()
    await judge.run()
    await judge.sees("bad")
    frozen_clock.advance(seconds=15)

    await judge.run()

    detail = await queries.get_detail(case_id, by=in_wechat.by)
    assert detail.timeline[-1].text == content_checks.WITH_THE_OFFICE
    assert await marks(case_id) == [("picture", "risky")]
    await review.accept(case_id, by=in_wechat.officer)  # it may be taken all the same


async def test_picture_that_was_put_into_a_pdf_meanwhile_holds_the_pdf_back(
    in_wechat: CaseMaker, judge: Judge, frozen_clock: Any
) -> None:
    case_id = await in_wechat.draft("SJ-SCJG-03", {"S1": ["net"], "S2": ["no"]})
    paper = "SJ-SCJG-03-M04"
    await in_wechat.attach(case_id, paper)
    await judge.run()
    await in_wechat.attach(case_id, paper)
    folder, blobs = in_wechat.folder, in_wechat.blobs
    await combine.combine_pictures(case_id, paper, by=in_wechat.by, folder=folder, blobs=blobs)
    await judge.sees("bad")
    frozen_clock.advance(seconds=15)

    await judge.run()

    detail = await queries.get_detail(case_id, by=in_wechat.by)
    (stands,) = [one for one in detail.materials if one.code == paper]
    assert (stands.status, stands.note) == ("rejected", content_checks.HELD_BACK)


async def test_while_wechat_is_away_the_case_goes_on_and_the_check_is_made_later(
    in_wechat: CaseMaker, judge: Judge, world: World, frozen_clock: Any
) -> None:
    for path in (TEXT_PATH, PICTURE_PATH):
        world.fail(path, "errcode", times=1, value=45011)
    case_id = await handed_in(in_wechat)

    await judge.run()

    assert (await queries.get_detail(case_id, by=in_wechat.by)).state == "submitted"
    assert await verdicts() == {"form": None, "picture": None}
    assert await judge.run() == 0  # not asked again at once
    frozen_clock.advance(minutes=2)
    await judge.run()
    assert await verdicts() == {"form": "pass", "picture": None}
    assert len(world.pictures) == 1


async def test_what_can_never_be_checked_is_left_to_the_reviewer(
    in_wechat: CaseMaker, judge: Judge, world: World, frozen_clock: Any
) -> None:
    for path in (TEXT_PATH, PICTURE_PATH):
        world.fail(path, "errcode", times=99, value=45011)
    case_id = await handed_in(in_wechat)
    await judge.run()
    frozen_clock.advance(hours=3)

    await judge.run()

    assert sorted(await marks(case_id)) == [("form", "unchecked"), ("picture", "unchecked")]


async def test_other_entries_and_a_switched_off_check_ask_nobody(
    cases: CaseMaker, in_wechat: CaseMaker, judge: Judge
) -> None:
    operator = replace(cases.officer, department=None, roles=frozenset({"supervisor"}))
    await channels.switch_content_check("wechat-mini", to=False, by=operator)
    await in_wechat.submitted()
    in_wechat.by = replace(in_wechat.by, channel="browser")
    await in_wechat.submitted()

    assert await ContentCheck.all().count() == 0
    assert await judge.run() == 0
    await channels.switch_content_check("wechat-mini", to=True, by=operator)
    assert await channels.judge_of("wechat-mini", "text") == "wechat"
    assert await channels.is_open("wechat-mini")


async def test_photographs_of_documents_are_shown_to_nobody_unless_a_city_says_so() -> None:
    assert channels.get_channel("wechat-mini").content_check == ("text",)
