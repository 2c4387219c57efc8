"""The registry of channels: links, what may be offered, switches, counts."""

from dataclasses import replace
from typing import Any

import pytest

from core.database import transaction
from core.ids import new_id
from identity import channels, errors
from identity.principal import Principal, PrincipalKind

pytestmark = pytest.mark.usefixtures("db")

OPERATOR = Principal(
    kind=PrincipalKind.OFFICER, id=new_id(), name="督办", roles=frozenset({"supervisor"})
)


def test_every_channel_has_a_link_that_carries_the_screen() -> None:
    for channel in channels.registry().values():
        link = channels.deep_link(channel, "#/guide/SJ-GA-01", public_url="https://x.example")
        assert "SJ-GA-01" in link
        assert "{" not in link


def test_items_are_offered_by_prefix() -> None:
    channel = channels.Channel(
        key="x", name="x", platform="x", link="x", items=("SJ-",), excluded=("SJ-GA-",)
    )

    assert channels.offers(channel, "SJ-SCJG-03")
    assert not channels.offers(channel, "SJ-GA-01")
    assert not channels.offers(channel, "ZZ-01")


async def test_closed_channel_lets_nobody_in_and_can_be_opened_again() -> None:
    await channels.admit("wechat-mini")
    await channels.switch("wechat-mini", to=False, by=OPERATOR)
    with pytest.raises(errors.ChannelClosed):
        await channels.admit("wechat-mini")
    await channels.switch("wechat-mini", to=True, by=OPERATOR)
    await channels.admit("wechat-mini")


async def test_unknown_channel_is_refused() -> None:
    with pytest.raises(errors.ChannelNotFound):
        await channels.admit("myspace")


async def test_counts_add_up_over_days(frozen_clock: Any) -> None:
    for _ in range(3):
        async with transaction():
            await channels.count("browser", "sign_in")
        frozen_clock.advance(days=1)

    views = {one.channel.key: one for one in await channels.list_channels()}
    assert views["browser"].counts == {"sign_in": 3}
    assert views["wechat-mini"].counts == {}


def test_entries_that_offer_an_item_are_named() -> None:
    assert channels.offered_at("SJ-GA-01") == [one.name for one in channels.registry().values()]
    assert "微信小程序" not in channels.offered_at("SJ-JGW-01")
    assert "浏览器" in channels.offered_at("SJ-JGW-01")


@pytest.mark.parametrize(
    ("platform", "declared", "entry"),
    [
        ("wechat", "", "wechat-mini"),
        ("wechat", "wechat-h5", "wechat-h5"),
        ("wechat", "alipay-mini", "wechat-mini"),
        ("alipay", "browser", "alipay-mini"),
        ("browser", "wechat-mini", "wechat-mini"),
        ("sandbox", "", "browser"),
    ],
)
def test_entry_of_a_sign_in_fits_its_platform(platform: str, declared: str, entry: str) -> None:
    assert channels.of_sign_in(platform, declared) == entry


def test_sign_in_by_an_entry_nobody_registered_is_refused() -> None:
    with pytest.raises(errors.ChannelNotFound):
        channels.of_sign_in("browser", "myspace")


def test_what_an_entry_does_not_offer_is_refused_with_the_entries_that_do() -> None:
    with pytest.raises(errors.ItemNotOffered) as refusal:
        channels.require_offer("wechat-mini", "SJ-JGW-01")

    assert refusal.value.members["channels"] == channels.offered_at("SJ-JGW-01")
    assert "浏览器" in str(refusal.value)
    channels.require_offer("browser", "SJ-JGW-01")
    channels.require_offer("an entry of last year", "SJ-JGW-01")


async def test_a_departments_supervisor_switches_nothing_of_the_city() -> None:
    one_department = replace(OPERATOR, department="GA")
    for by in (one_department, replace(OPERATOR, roles=frozenset({"reviewer"}))):
        with pytest.raises(errors.RoleMissing):
            await channels.switch("wechat-mini", to=False, by=by)
        with pytest.raises(errors.RoleMissing):
            await channels.switch_content_check("wechat-mini", to=False, by=by)

    assert await channels.is_open("wechat-mini")
    assert await channels.judge_of("wechat-mini", "text") == "wechat"
