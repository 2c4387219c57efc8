"""A day without network: the phone shows, the counter judges, and both hear of it later."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import expect

from tests.journeys.actors import Officer
from tests.web import camera, people, screens
from tests.web.chromium import Launcher
from tests.web.installation import Demo
from tests.web.people import Window
from tests.web.test_desks import paste, verdict_is
from tests.web.test_screens import Dress, look


@pytest.fixture
async def citizen(demo: Demo) -> AsyncIterator[screens.Citizen]:
    async with screens.Citizen(demo.url) as zhang:
        await zhang.sign_in("zhang")
        yield zhang


async def licence_of(citizen: screens.Citizen, code: str) -> dict[str, Any]:
    return next(one for one in await citizen.licences() if one["type"] == code)


async def open_offline_code(phone: Window, licence: dict[str, Any], *, without: str = "") -> None:
    """Choose what the code holds and have it made, as the holder would."""
    await phone.go(f"/m/#/licence/{licence['id']}")
    await phone.click("离线亮证")
    await phone.sees("选择离线码里放哪些内容")
    if without:
        await phone.page.get_by_label(re.compile(without)).uncheck()
    await phone.click("生成离线码")
    await phone.sees("不需要网络")


async def shown(phone: Window) -> str:
    code = phone.page.locator(".qr .code")
    await expect(code).to_have_attribute("data-code", re.compile("^EL1:"))
    return str(await code.get_attribute("data-code"))


def blank_film(path: Path) -> None:
    """What the camera sees while nobody stands before it."""
    empty = path.with_suffix(".png")
    Image.new("RGB", (400, 800), "#777").save(empty)
    camera.film(path, empty.read_bytes())


async def ready_offline(desk: Window) -> None:
    """Wait until lists and page are kept on this computer."""
    await desk.sees("没有网络时可以核验离线码")
    await desk.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await desk.page.wait_for_function("navigator.serviceWorker.controller !== null")


async def revoke(demo: Demo, licence: dict[str, Any]) -> None:
    async with Officer(demo.url) as supervisor:
        await supervisor.sign_in("ZWB-90", demo.passwords["ZWB-90"])
        await supervisor.post(
            f"/api/staff/licences/{licence['id']}/state-changes",
            {"act": "revoke", "cause": "记满 12 分", "document_no": "松公〔2026〕12号"},
        )


@pytest.mark.slow
async def test_counter_without_network_judges_and_learns_of_a_revocation_afterwards(
    window: Any,
    demo: Demo,
    launcher: Launcher,
    citizen: screens.Citizen,
    tmp_path: Path,
) -> None:
    licence = await licence_of(citizen, "DRV")
    film = tmp_path / "camera.mjpeg"
    blank_film(film)
    browser = await launcher.start(*camera.switches(film))
    desk = await Window.open(browser, demo.url, desk=True, permissions=["camera"])
    await desk.go("/counter/")
    await desk.page.get_by_label("登记码").fill(demo.new_enrolment_code())
    await desk.click("登记", exact=True)
    await ready_offline(desk)

    phone: Window = await window()
    await people.sign_in(phone, "张演示")
    await open_offline_code(phone, licence, without="准驾车型")
    await phone.context.set_offline(True)
    first = await shown(phone)
    await expect(phone.page.locator(".qr .code img")).to_be_visible()
    camera.film(film, await phone.page.screenshot())
    await desk.context.set_offline(True)
    await desk.page.reload()

    verdict = desk.page.locator("[data-verdict]")
    await expect(verdict).to_have_attribute("data-verdict", "valid", timeout=people.PATIENCE)
    await expect(desk.page.locator("[data-as-of]")).to_have_attribute(
        "data-as-of", re.compile("^2")
    )
    await desk.sees(re.compile("依据截至.*分钟前"))
    await desk.sees("张**")
    await expect(desk.page.get_by_text("准驾车型")).to_have_count(0)
    assert await look(desk, Dress()) == []

    await revoke(demo, licence)
    await desk.context.set_offline(False)
    await expect(verdict).to_have_attribute("data-verdict", "invalid", timeout=people.PATIENCE)
    await desk.sees("证照已被吊销、撤销或注销")
    await desk.sees("联网复核的结果")
    assert any(
        use["licence_id"] == licence["id"]
        for use in (await citizen.get("/api/citizen/uses"))["uses"]
    )

    # A camera opens its film anew with the page; the old one would show the used code for ever.
    blank_film(film)
    await desk.context.set_offline(True)
    await desk.page.reload()
    code = phone.page.locator(".qr .code")
    await expect(code).not_to_have_attribute("data-code", first, timeout=2 * people.PATIENCE)
    await paste(desk, await shown(phone))
    await verdict_is(desk, "invalid")
    await desk.sees("离线核验")
    await desk.sees("证照已被吊销、撤销或注销")
    await browser.close()
    phone.complaints.clear()  # The browser reports by itself what it could not fetch.


async def test_code_renews_itself_without_network_and_the_page_opens_again(
    window: Any, citizen: screens.Citizen
) -> None:
    licence = await licence_of(citizen, "SSC" if await has(citizen, "SSC") else "RES")
    phone: Window = await window()
    await phone.page.clock.install()
    await people.sign_in(phone, "张演示")
    await open_offline_code(phone, licence)
    await phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert await look(phone, Dress()) == []

    await phone.context.set_offline(True)
    first = await shown(phone)
    await phone.page.clock.run_for(31_000)
    await expect(phone.page.locator(".qr .code")).not_to_have_attribute("data-code", first)

    await phone.page.reload()
    again = await shown(phone)
    assert again != first
    phone.complaints.clear()  # The browser reports by itself what it could not fetch.


async def has(citizen: screens.Citizen, code: str) -> bool:
    return any(one["type"] == code and one["showable"] for one in await citizen.licences())


async def test_phone_key_cannot_be_taken(window: Any, citizen: screens.Citizen) -> None:
    licence = await licence_of(citizen, "RES")
    phone: Window = await window()
    await people.sign_in(phone, "张演示")
    await open_offline_code(phone, licence)

    exported = await phone.page.evaluate(
        """async () => {
          const asked = indexedDB.open('yunjian');
          await new Promise((done) => { asked.onsuccess = done; });
          const read = asked.result.transaction('keys').objectStore('keys').get('phone');
          await new Promise((done) => { read.onsuccess = done; });
          const taken = crypto.subtle.exportKey('pkcs8', read.result.privateKey);
          return taken.then(() => 'taken', (error) => error.name);
        }"""
    )

    assert exported == "InvalidAccessError"


async def test_scanner_at_a_counter_reads_an_offline_code_once(
    window: Any, demo: Demo, citizen: screens.Citizen
) -> None:
    licence = await licence_of(citizen, "RES")
    phone: Window = await window()
    await people.sign_in(phone, "张演示")
    await open_offline_code(phone, licence)
    desk: Window = await window(desk=True)
    await screens.enrol_counter(desk, demo)
    await ready_offline(desk)
    await desk.context.set_offline(True)
    code = await shown(phone)

    await desk.scan(code)
    await verdict_is(desk, "valid")
    await desk.click("核验下一位")
    await desk.scan(code)
    await verdict_is(desk, "invalid")
    await desk.sees("这个码刚刚用过")

    await desk.click("核验下一位")
    await paste(desk, "HTTPS://EXAMPLE.CN/P/00000000000000000000000000")
    await verdict_is(desk, "cannot_tell")
    await desk.sees(re.compile("离线亮证"))
    desk.complaints.clear()  # The browser reports by itself what it could not fetch.


LATE_CAMERA = """
let tries = 0;
navigator.mediaDevices.getUserMedia = async () => {
  tries += 1;
  if (tries === 1) {
    throw new DOMException('', 'NotFoundError');
  }
  const canvas = document.createElement('canvas');
  const paint = canvas.getContext('2d');
  setInterval(() => paint.fillRect(0, 0, tries++ % 99, 99), 50);
  return canvas.captureStream();
};
"""


@pytest.mark.parametrize("how", ["by hand", "plugged in"])
async def test_camera_that_comes_later_is_opened(window: Any, demo: Demo, how: str) -> None:
    desk: Window = await window(desk=True)
    await desk.page.add_init_script(LATE_CAMERA)
    await desk.go("/counter/")
    await desk.page.get_by_label("登记码").fill(demo.new_enrolment_code())
    await desk.click("登记", exact=True)
    await desk.sees("没有找到摄像头")

    if how == "by hand":
        await desk.click("重新打开摄像头")
    else:
        plugged = "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
        await desk.page.evaluate(plugged)

    await expect(desk.page.get_by_label("摄像头画面")).to_be_visible()
    await expect(desk.page.get_by_text("没有找到摄像头")).to_have_count(0)
