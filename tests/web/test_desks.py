"""Counter and enterprise at their desks: scanners that type, codes that are none, altered files."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import expect

from tests.web import people, screens
from tests.web.installation import Demo
from tests.web.people import Window
from tests.web.test_screens import Dress, look

STRANGE = "HTTPS://EXAMPLE.CN/NOT-A-LICENCE-CODE"


@pytest.fixture
async def counter(window: Any, demo: Demo) -> Window:
    """An enrolled counter whose computer has no camera."""
    desk: Window = await window(desk=True)
    await screens.enrol_counter(desk, demo)
    return desk


@pytest.fixture
async def citizen(demo: Demo) -> AsyncIterator[screens.Citizen]:
    async with screens.Citizen(demo.url) as li:
        await li.sign_in("li")
        yield li


async def verdict_is(desk: Window, expected: str) -> None:
    block = desk.page.locator("[data-verdict]")
    await expect(block).to_have_attribute("data-verdict", expected, timeout=people.PATIENCE)


async def test_a_scanner_that_types_is_heard_wherever_the_focus_is(
    counter: Window, citizen: screens.Citizen
) -> None:
    code = await screens.shown_code(citizen)
    await counter.page.get_by_label("核验用途").focus()
    await counter.scan(code)

    await verdict_is(counter, "valid")
    await expect(counter.page).to_have_title(re.compile("^核验通过"), timeout=people.PATIENCE)
    assert await look(counter, Dress()) == []


async def test_a_code_is_good_for_one_counter_only(
    counter: Window, citizen: screens.Citizen, window: Any, demo: Demo
) -> None:
    code = await screens.shown_code(citizen)
    await paste(counter, code)
    await verdict_is(counter, "valid")

    other: Window = await window(desk=True)
    await screens.enrol_counter(other, demo)
    await paste(other, code)
    await verdict_is(other, "invalid")
    await other.sees(re.compile("已.*使用|用过|已被"))


async def paste(desk: Window, code: str) -> None:
    await desk.page.get_by_label("粘贴码的内容").fill(code)
    await desk.click("核验", exact=True)


async def test_what_is_no_code_gets_a_clear_no_and_the_next_one_may_come(counter: Window) -> None:
    await paste(counter, STRANGE)
    await verdict_is(counter, "invalid")
    assert await look(counter, Dress()) == []

    await counter.click("核验下一位")
    await counter.sees("等待扫码")
    await counter.sees("今天的核验")


async def test_the_counter_is_remembered_and_its_key_cannot_be_taken(counter: Window) -> None:
    await counter.page.reload()
    await counter.sees("等待扫码")
    exported = await counter.page.evaluate(
        """async () => {
          const asked = indexedDB.open('yunjian');
          await new Promise((done) => { asked.onsuccess = done; });
          const read = asked.result.transaction('keys').objectStore('keys').get('counter');
          await new Promise((done) => { read.onsuccess = done; });
          const key = read.result.keys.privateKey;
          const taken = crypto.subtle.exportKey('pkcs8', key);
          return taken.then(() => 'taken', (error) => error.name);
        }"""
    )
    assert exported == "InvalidAccessError"


@pytest.fixture
async def clerk(window: Any, demo: Demo) -> Window:
    """A clerk of an enterprise, signed in with the client's key."""
    desk: Window = await window(desk=True)
    await screens.enter_enterprise(desk, demo)
    return desk


def altered(data: bytes) -> bytes:
    """The same package with another text on its first page."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            body = old.read(entry)
            if entry.filename.endswith("Content.xml"):
                body = body.replace(b"</", b" </", 1)
            new.writestr(entry, body)
    return out.getvalue()


async def test_a_dropped_licence_is_verified(clerk: Window, citizen: screens.Citizen) -> None:
    await screens.drop(clerk, await screens.document(citizen))
    await verdict_is(clerk, "valid")
    await clerk.sees("证照状态")
    assert await look(clerk, Dress()) == []


async def test_an_altered_licence_is_not(clerk: Window, citizen: screens.Citizen) -> None:
    await screens.drop(clerk, altered(await screens.document(citizen)))
    await verdict_is(clerk, "invalid")
    assert await look(clerk, Dress()) == []


async def test_what_is_no_document_is_refused_in_words(clerk: Window) -> None:
    await screens.drop(clerk, b"no document")
    await clerk.sees(re.compile("OFD"))
    clerk.complaints.clear()  # The browser reports the refusal (422) by itself.


async def test_a_wrong_key_is_refused_in_words(window: Any, demo: Demo) -> None:
    desk: Window = await window(desk=True)
    await desk.go("/biz/")
    await desk.page.get_by_label("客户编号").fill(demo.client_id)
    await desk.page.get_by_label("密钥").fill("wrong")
    await desk.click("进入")
    await expect(desk.page.get_by_role("alert")).to_be_visible()
    desk.complaints.clear()  # The browser reports the refusal (401) by itself.
