"""Webhooks never lead into our own network, whatever name or number they are given."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver

from push.errors import WebhookAddressRefused
from push.webhooks import addresses, endpoints
from push.webhooks.addresses import GuardedResolver, read_networks
from push.webhooks.sender import Sender
from tests.push.receivers import BY, LOOPBACK, OWNER, Receiver, hook, listening

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as made:
        yield made


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    made = Sender(allowed=LOOPBACK)
    yield made
    await made.close()


class StubbornResolver(AbstractResolver):
    """DNS in an attacker's hands: another answer each time."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        address = self._answers.pop(0)
        return [
            {"hostname": host, "host": address, "port": port, "family": 2, "proto": 0, "flags": 0}
        ]

    async def close(self) -> None:
        return None


class TestInnerNetworks:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",  # noqa: S104
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1%eth0",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "ff02::1",
            "not-an-address",
        ],
    )
    def test_no_inner_address_may_be_called(self, address: str) -> None:
        assert not addresses.may_connect(address, ())

    @pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
    def test_public_addresses_may_be_called(self, address: str) -> None:
        assert addresses.may_connect(address, ())

    @pytest.mark.parametrize(
        "url",
        [
            "http://hook.example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::ffff:a00:1]/",
            "https://localhost/",
            "https://db.internal/",
            "https://user:secret@example.com/",
            "https://user@example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https:///path",
            "https://example.com:0/",
            "https://example.com:99999/",
            "https://例子.example/",
            "https://example.com/a b",
            "https://example.com/\r\nX: y",
            "https://example.com/" + "a" * 600,
            "//example.com",
            "",
        ],
    )
    def test_address_that_could_lead_inside_is_refused_when_it_is_entered(self, url: str) -> None:
        with pytest.raises(WebhookAddressRefused):
            addresses.check_url(url, ())

    def test_open_inner_network_is_for_its_own_addresses_only(self) -> None:
        allowed = read_networks("10.8.0.0/16, fd00:8::/32")

        assert addresses.check_url("http://10.8.1.1:9000/hook", allowed)
        assert addresses.may_connect("fd00:8::1", allowed)
        for url in ("https://10.9.0.1/", "https://127.0.0.1/", "http://hook.example.com/"):
            with pytest.raises(WebhookAddressRefused):
                addresses.check_url(url, allowed)

    async def test_name_that_leads_inside_is_not_connected_to(self, receiver: Receiver) -> None:
        port = receiver.url.rsplit(":", 1)[1].split("/")[0]
        sender = Sender(resolver=GuardedResolver((), inner=StubbornResolver("127.0.0.1")))
        webhook_id, _ = await endpoints.register(
            owner=OWNER,
            topic=OWNER,
            url=f"https://rebind.example.com:{port}/",
            kinds=(),
            suite="hmac-sha256",
            allowed=(),
            by=BY,
        )
        answer = await sender.test(webhook_id, owner=OWNER)
        await sender.close()

        assert (answer.status, answer.error) == (None, "private-address")
        assert receiver.heard == []

    async def test_redirect_is_a_failure_and_not_followed(
        self, receiver: Receiver, sender: Sender
    ) -> None:
        webhook_id, _ = await hook(receiver)
        receiver.answers = [307]
        receiver.headers = {"Location": "http://127.0.0.1:6379/"}
        answer = await sender.test(webhook_id, owner=OWNER)

        assert answer.error == "status-307"
        assert len(receiver.heard) == 1

    async def test_network_closed_later_is_not_called_any_more(self, receiver: Receiver) -> None:
        webhook_id, _ = await hook(receiver)
        closed = Sender()
        answer = await closed.test(webhook_id, owner=OWNER)
        await closed.close()

        assert answer.error == "private-address"
        assert receiver.heard == []
