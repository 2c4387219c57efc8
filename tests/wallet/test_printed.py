"""The code on a printed copy: leads to the state, cannot be guessed, proves nobody's presence."""

from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from core import database
from core.protection import protect, reencrypt
from tests.wallet.city import City
from tests.wallet.factories import URL, desk, issue_licence, stored_licence
from wallet.check import at_counter
from wallet.check.at_counter import CodeAnswer, Errand
from wallet.errors import PrintedCodeNotFound
from wallet.log import access_log
from wallet.models import Licence, PrintedCode
from wallet.register import status
from wallet.show import printed
from wallet.show.printed import PrintedLicence

OLD_KEY, NEW_KEY = bytes(range(32)), bytes(range(1, 33))

PAPER = {"cause": "信息待核实", "document_no": "松公证〔2026〕1号"}


async def text_on_the_face(city: City) -> str:
    licence = await Licence.get(id=await issue_licence(city))
    return printed.text_of(licence.identifier, public_url=URL)


async def looked_up(city: City, redis: Redis, code: str) -> PrintedLicence:
    return await printed.look_up(code, desk=desk(city, redis))


async def read(city: City, redis: Redis, text: str) -> CodeAnswer:
    return await at_counter.verify_code(
        text, errand=Errand(purpose="收件核验"), by=await city.counter(), desk=desk(city, redis)
    )


async def test_whoever_holds_the_paper_sees_type_masked_holder_state_and_seal(
    city: City, redis: Redis
) -> None:
    text = await text_on_the_face(city)

    found = await looked_up(city, redis, text.rpartition("/")[2])

    assert (found.name, found.holder_masked, found.in_force) == ("上海市居住证", "张**", True)
    assert found.seal.verdict == "valid"


async def test_wrong_check_characters_find_nothing(city: City, redis: Redis) -> None:
    code = (await text_on_the_face(city)).rpartition("/")[2]
    other = "0" if code[-1] != "0" else "1"

    for wrong in (code[:-1] + other, code[:12], f"{code[:12]}-{'0' * 10}", "", "x" * 500):
        with pytest.raises(PrintedCodeNotFound):
            await looked_up(city, redis, wrong)


async def test_look_alikes_are_read_as_what_was_meant(city: City, redis: Redis) -> None:
    code = (await text_on_the_face(city)).rpartition("/")[2]
    typed = code.lower().replace("0", "o").replace("1", "l")

    assert (await looked_up(city, redis, typed)).in_force


async def test_counter_is_warned_that_paper_shows_nobodys_presence(
    city: City, redis: Redis
) -> None:
    answer = await read(city, redis, await text_on_the_face(city))

    assert (answer.verdict.verdict, answer.kind) == ("valid", "printed")
    presence = next(check for check in answer.verdict.checks if check.name == "presence")
    assert presence.outcome == "warning"
    (use,) = await access_log.list_uses(city.zhang)
    assert use.ground == "持有打印件"


async def test_paper_of_a_suspended_licence_is_invalid(city: City, redis: Redis) -> None:
    text = await text_on_the_face(city)
    licence = await Licence.get()
    await status.suspend(licence.id, by=city.officer("seal_keeper"), **PAPER)

    answer = await read(city, redis, text)

    assert answer.verdict.reasons == ("licence-suspended",)
    assert not (await looked_up(city, redis, text)).in_force


async def test_paper_shown_as_a_phone_code_is_no_phone_code(city: City, redis: Redis) -> None:
    code = (await text_on_the_face(city)).rpartition("/")[2]

    for text in (f"HTTPS://HOST/P/{code}", f"EL1:{code}"):
        answer = await read(city, redis, text)
        assert answer.verdict.verdict == "invalid"
        assert answer.licence is None


class TestChangeOfTheMasterKey:
    @pytest.fixture(autouse=True)
    def _key_of_the_tests_again(self) -> Iterator[None]:
        yield
        protect.use(OLD_KEY)

    async def test_paper_is_read_when_the_key_it_was_printed_under_is_gone(
        self, city: City, redis: Redis
    ) -> None:
        text = await text_on_the_face(city)
        await self.change_the_key()

        assert (await looked_up(city, redis, text.rpartition("/")[2])).in_force
        assert (await read(city, redis, text)).verdict.verdict == "valid"
        wrong = text[:-1] + ("0" if text[-1] != "0" else "1")
        with pytest.raises(PrintedCodeNotFound):
            await looked_up(city, redis, wrong.rpartition("/")[2])

    async def test_paper_of_an_earlier_release_is_read_as_well(
        self, city: City, redis: Redis
    ) -> None:
        text = await text_on_the_face(city)
        await PrintedCode.all().update(mac=None)
        assert (await looked_up(city, redis, text.rpartition("/")[2])).in_force

        await self.change_the_key()

        assert (await looked_up(city, redis, text.rpartition("/")[2])).in_force
        assert await printed.keep_codes() == 0

    async def test_code_printed_after_the_change_works_beside_the_one_before(
        self, city: City, redis: Redis
    ) -> None:
        before = await text_on_the_face(city)
        await self.change_the_key()
        licence = await stored_licence(city)
        async with database.transaction():
            await PrintedCode.filter(licence_id=licence.id).delete()
            await printed.register(licence)
        after = printed.text_of(licence.identifier, public_url=URL)

        for text in (before, after):
            assert (await looked_up(city, redis, text.rpartition("/")[2])).in_force

    @staticmethod
    async def change_the_key() -> None:
        """As docs/how-to/change-the-master-key.md says, to its end."""
        protect.use(NEW_KEY, previous=[OLD_KEY])
        await printed.keep_codes()
        counts = await reencrypt.run(report=lambda _line: None)
        assert sum(count.unreadable for count in counts) == 0
        protect.use(NEW_KEY)
