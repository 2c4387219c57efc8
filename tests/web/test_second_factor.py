"""The second factor in a real browser: a virtual authenticator, an app of codes, refusals."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.async_api import Browser, CDPSession, expect

from core import clock
from tests.installation import Installation
from tests.web.people import Window
from tests.web.test_screens import Dress, look

OFFICER = "SCJG-01"
FACTORS = "我的登录方式"
CODE = re.compile(r"^[A-Z2-7 ]{39}$")


@pytest.fixture(scope="module")
def office(fresh_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An office that requires a second factor, at an address with a name."""
    installation = Installation(tmp_path_factory.mktemp("office"), like=fresh_demo)
    installation.start(
        YUNJIAN_STAFF_FACTOR="required",
        YUNJIAN_PUBLIC_URL=installation.address.replace("127.0.0.1", "localhost"),
    )
    yield installation
    installation.stop()


@dataclass
class Device:
    """The virtual authenticator of a window (Chrome DevTools Protocol, WebAuthn)."""

    cdp: CDPSession
    id: str

    @classmethod
    async def plug_in(cls, window: Window, **more: Any) -> Device:
        cdp = await window.context.new_cdp_session(window.page)
        await cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options | more})
        return cls(cdp, made["authenticatorId"])

    async def credentials(self) -> list[dict[str, Any]]:
        of_mine = {"authenticatorId": self.id}
        found: list[dict[str, Any]] = (await self.cdp.send("WebAuthn.getCredentials", of_mine))[
            "credentials"
        ]
        return found

    async def take(self, credential: dict[str, Any]) -> None:
        """Put a copy of a credential into this device, as who stole it would."""
        sent = {"authenticatorId": self.id, "credential": credential}
        await self.cdp.send("WebAuthn.addCredential", sent)


@pytest.fixture
async def open_desk(chromium: Browser, office: Installation) -> AsyncIterator[Any]:
    """Opens windows at the office; refusals that a test expects are taken off their consoles."""
    opened: list[Window] = []

    async def open_window(**options: Any) -> Window:
        url = office.address.replace("127.0.0.1", "localhost")
        new = await Window.open(chromium, url, **options)
        opened.append(new)
        return new

    yield open_window
    complaints = [complaint for one in opened for complaint in one.complaints]
    for one in opened:
        await one.close()
    assert complaints == []


async def enter_password(window: Window, office: Installation, number: str) -> None:
    await window.go("/staff/")
    await window.page.get_by_label("工号", exact=True).fill(number)
    await window.page.get_by_label("密码").fill(office.password(number))
    await window.click("登录", exact=True)


async def second_step(window: Window, office: Installation, number: str) -> None:
    await enter_password(window, office, number)
    await window.heading("完成登录")
    window.complaints.clear()  # the refusal that asks for the second step


async def leave(window: Window) -> None:
    await window.click("退出")
    await window.heading("工作人员登录")


async def enrol_passkey(window: Window, name: str) -> None:
    await window.page.get_by_label("给它起个名字").fill(name)
    await window.click("登记通行密钥", exact=True)


async def enrol_app(window: Window) -> tuple[str, str]:
    """By the written secret, as who cannot scan does; gives it and the first code."""
    await window.click("开始登记")
    secret = (await window.page.get_by_text(CODE).inner_text()).replace(" ", "")
    first = pyotp.TOTP(secret).at(clock.now())
    await window.page.get_by_label("2. 输入应用显示的六位数字").fill(first)
    await window.click("确认启用")
    return secret, first


async def test_passkey_is_enrolled_and_signs_in(open_desk: Any, office: Installation) -> None:
    desk = await open_desk(desk=True)
    device = await Device.plug_in(desk)
    await enter_password(desk, office, OFFICER)
    await desk.heading(FACTORS)
    await desk.sees("请先登记第二登录方式")
    assert await look(desk, Dress()) == []
    desk.complaints.clear()

    await enrol_passkey(desk, "办公室电脑")
    await desk.heading("待办件")
    [credential] = await device.credentials()
    assert credential["rpId"] == "localhost"
    await leave(desk)

    await second_step(desk, office, OFFICER)
    assert await look(desk, Dress()) == []
    await desk.click("使用通行密钥")
    await desk.heading("待办件")
    await desk.go("/staff/#/factors")
    await desk.sees("密码 + 通行密钥")
    assert await look(desk, Dress()) == []


async def test_copied_passkey_is_refused_and_locked(open_desk: Any, office: Installation) -> None:
    desk = await open_desk(desk=True)
    device = await Device.plug_in(desk)
    await enter_password(desk, office, "WJW-01")
    await desk.heading(FACTORS)
    await enrol_passkey(desk, "诊室电脑")
    await desk.heading("待办件")
    [copied] = await device.credentials()
    await leave(desk)
    await second_step(desk, office, "WJW-01")
    await desk.click("使用通行密钥")
    await desk.heading("待办件")

    thief = await open_desk(desk=True)
    await (await Device.plug_in(thief)).take(copied)
    await second_step(thief, office, "WJW-01")
    await thief.click("使用通行密钥")
    await thief.sees("这把通行密钥疑似被复制，已停用")
    assert await look(thief, Dress()) == []
    thief.complaints.clear()
    await thief.click("重新输入密码")
    await second_step(thief, office, "WJW-01")
    await thief.sees("您登记的登录方式都已停用")

    await desk.page.reload()
    await desk.heading("工作人员登录")  # every session of the officer has ended
    desk.complaints.clear()


async def test_device_that_verifies_nobody_is_refused(open_desk: Any, office: Installation) -> None:
    desk = await open_desk(desk=True)
    await Device.plug_in(desk, isUserVerified=False)
    await enter_password(desk, office, "GA-01")
    await desk.heading(FACTORS)
    await enrol_passkey(desk, "没有 PIN 的钥匙")
    await desk.sees("没有完成验证")
    await desk.heading(FACTORS)


async def test_app_of_codes_signs_in_once_a_code(open_desk: Any, office: Installation) -> None:
    phone = await open_desk()
    await enter_password(phone, office, "MZJ-01")
    await phone.heading(FACTORS)
    await phone.click("开始登记")
    await phone.sees("用手机上的验证器应用扫码")
    assert await look(phone, Dress()) == []
    assert "otpauth" not in phone.page.url
    await phone.page.reload()
    await phone.heading(FACTORS)
    phone.complaints.clear()  # /me is refused until a factor is enrolled
    secret, first = await enrol_app(phone)
    await phone.heading("待办件")
    await leave(phone)

    await second_step(phone, office, "MZJ-01")
    assert await look(phone, Dress()) == []
    code = phone.page.get_by_label("手机上显示的六位数字")
    await code.fill(first)  # in time still, and codes are good once
    await phone.click("登录", exact=True)
    await phone.sees("这组动态口令已经用过")
    await expect(code).to_have_value("")
    await code.fill(pyotp.TOTP(secret).at(clock.now(), counter_offset=-6))
    await phone.click("登录", exact=True)
    await phone.sees("这组动态口令已过时")
    await code.fill("000000")
    await phone.click("登录", exact=True)
    await phone.sees("动态口令不正确")
    phone.complaints.clear()
    # Phones may be half a minute ahead: the next code is good now, and no test has to wait.
    await code.fill(pyotp.TOTP(secret).at(clock.now(), counter_offset=1))
    await phone.click("登录", exact=True)
    await phone.heading("待办件")


DRESSES = {
    "JGW-01": Dress(),
    "RSJ-01": Dress(theme="dark"),
    "CL-01": Dress(size="large", width=320),
    "YBJ-01": Dress(width=1366, theme="dark"),
}
"""By the officer who wears it: each enrols once."""


@pytest.mark.parametrize("number", DRESSES)
async def test_pages_are_fit_for_everybody(
    open_desk: Any, office: Installation, number: str
) -> None:
    dress = DRESSES[number]
    page: Window = await open_desk(
        desk=dress.width > 1000, width=dress.width, theme=dress.theme, stored=dress.stored
    )
    await Device.plug_in(page)
    await enter_password(page, office, number)
    await page.heading(FACTORS)
    await page.click("开始登记")
    await page.sees("确认启用")
    assert await look(page, dress) == []
    await enrol_passkey(page, "办公室电脑")
    await page.heading("待办件")
    await page.go("/staff/#/factors")
    await page.heading(FACTORS)
    await page.sees("办公室电脑")
    assert await look(page, dress) == []
    await leave(page)
    await second_step(page, office, number)
    assert await look(page, dress) == []


async def operator(open_desk: Any, office: Installation, number: str, **more: Any) -> Window:
    """An operator at the desk that lets officers in, with a passkey of the own."""
    desk: Window = await open_desk(**{"desk": True} | more)
    await Device.plug_in(desk)
    await enter_password(desk, office, number)
    await desk.heading(FACTORS)
    await enrol_passkey(desk, "值班电脑")
    await expect(desk.page.get_by_role("heading", name=FACTORS)).not_to_be_visible()
    await desk.go("/staff/#/recoveries")
    await desk.heading("恢复登录")
    return desk


async def test_two_operators_let_in_who_lost_the_device(
    open_desk: Any, office: Installation
) -> None:
    phone = await open_desk()
    await enter_password(phone, office, "GHZY-01")
    await phone.heading(FACTORS)
    await enrol_app(phone)
    await phone.heading("待办件")
    await leave(phone)
    await second_step(phone, office, "GHZY-01")
    await phone.click("申请恢复登录")
    await phone.sees("恢复申请已提交")
    assert await look(phone, Dress()) == []

    first = await operator(open_desk, office, "ZWB-90")
    await first.sees("已有 0 人确认，还需 2 人")
    assert await look(first, Dress()) == []
    await first.click("确认")
    await first.click("已核对本人，确定")
    await first.sees("须由另一位管理员确认")

    second = await operator(open_desk, office, "GL-01", width=390, theme="dark", desk=False)
    await second.sees("已有 1 人确认，还需 1 人")
    assert await look(second, Dress()) == []
    await second.click("确认")
    await second.click("已核对本人，确定")
    await second.sees("两人已确认，待本人重新登记")
    assert await look(second, Dress()) == []

    await phone.click("重新输入密码")
    await second_step(phone, office, "GHZY-01")
    await phone.sees("两位管理员已确认")
    assert await look(phone, Dress()) == []
    await phone.click("重新登记登录方式")
    await phone.heading(FACTORS)
    await phone.page.get_by_role("button", name="开始更换").click()
    await phone.sees("确认启用")
    await phone.page.reload()
    await phone.heading(FACTORS)
    phone.complaints.clear()  # /me is refused until a factor is enrolled
    await Device.plug_in(phone)
    await enrol_passkey(phone, "新手机")
    await phone.heading("待办件")
    await phone.go("/staff/#/factors")
    await phone.sees("新手机")
    await expect(phone.page.get_by_text("动态口令 ·")).to_have_count(0)

    await first.page.reload()
    await first.sees("现在没有恢复申请")
