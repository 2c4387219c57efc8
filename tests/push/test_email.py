"""E-mail: letters over SMTP, and an address that its owner has confirmed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from typing import Any

import pytest
from redis.asyncio import Redis

from core.valkey.embedded import free_port
from miniapp_bridge.errors import MessageRejected, OutcomeUnknown
from push import email_address, preferences, smtp
from push.errors import EmailCodeRefused, EmailNotAvailable, UnreadableEmail
from push.providers import Outlet, ProviderDown
from push.smtp import SmtpProvider
from tests.identity.factories import citizen
from tests.push.factories import PERSON, Postman


class Mailbox:
    """A small SMTP server: takes letters, or answers as it is told to."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.recipients: list[str] = []
        self.answers: dict[str, str] = {}
        self.hang_up = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mailbox\r\n")
        while line := (await reader.readline()).decode():
            word = line.split(":")[0].split()[0].upper()
            if word == "DATA":
                writer.write(b"354 go on\r\n")
                letter = await reader.readuntil(b"\r\n.\r\n")
                if self.hang_up:
                    break
                self.letters.append(message_from_bytes(letter, policy=policy.default))
            if word == "RCPT":
                self.recipients.append(line)
            writer.write(self.answers.get(word, "250 fine").encode() + b"\r\n")
            if word == "QUIT":
                break
        writer.close()


@asynccontextmanager
async def mailbox() -> AsyncIterator[tuple[Mailbox, SmtpProvider]]:
    box, port = Mailbox(), free_port()
    async with await asyncio.start_server(box.serve, "127.0.0.1", port):
        yield box, SmtpProvider(f"smtp://127.0.0.1:{port}", sender="no-reply@example.gov.cn")


MAIL = {"to": "zhang@example.com", "title": "云间证：请补正材料", "text": "正文", "reference": "r1"}


def code_in(postman: Postman) -> str:
    words = postman.sent[0]["text"].replace("，", " ").split()
    return next(word for word in words if word.isdigit())


class TestEmail:
    async def test_letter_arrives_readable(self) -> None:
        async with mailbox() as (box, provider):
            await provider.send(**MAIL)

        (letter,) = box.letters
        assert letter["Subject"] == "云间证：请补正材料"
        assert letter["To"] == "zhang@example.com"
        assert letter["Message-ID"] == "<r1@example.gov.cn>"
        assert letter.get_content().startswith("正文")

    async def test_refusals_and_silence_are_told_apart(self) -> None:
        async with mailbox() as (box, provider):
            box.answers = {"RCPT": "550 nobody"}
            with pytest.raises(MessageRejected):
                await provider.send(**MAIL)
            box.answers = {"RCPT": "451 later"}
            with pytest.raises(ProviderDown):
                await provider.send(**MAIL)
            box.answers, box.hang_up = {}, True
            with pytest.raises(OutcomeUnknown):
                await provider.send(**MAIL)
        nowhere = SmtpProvider("smtp://127.0.0.1:1", sender="a@example.com")
        with pytest.raises(ProviderDown):
            await nowhere.send(**MAIL)

    def test_title_and_address_smuggle_no_header(self) -> None:
        letter = smtp.compose(
            sender="a@example.com",
            to="b@example.com",
            title="x\r\nBcc: c@d.e",
            text="",
            reference="r",
        )

        assert letter["Bcc"] is None
        with pytest.raises(ValueError, match="addr"):
            smtp.compose(
                sender="a@example.com", to="b@e.com\r\nBcc: c@d.e", title="", text="", reference="r"
            )

    @pytest.mark.usefixtures("db")
    async def test_address_is_used_once_its_owner_has_read_the_code(self, redis: Redis) -> None:
        postman = Postman("mail")
        outlet = Outlet([postman])
        await email_address.ask("zhang@example.com", by=citizen(PERSON), outlet=outlet, redis=redis)
        code = code_in(postman)
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        with pytest.raises(EmailCodeRefused):
            await email_address.confirm(PERSON, wrong, redis=redis)

        assert await email_address.confirm(PERSON, code, redis=redis) == "zhang@example.com"
        assert (await preferences.get(PERSON)).email == "zhang@example.com"
        with pytest.raises(EmailCodeRefused):
            await email_address.confirm(PERSON, code, redis=redis)

    @pytest.mark.usefixtures("db")
    async def test_code_cannot_be_guessed(self, redis: Redis) -> None:
        postman = Postman("mail")
        await email_address.ask(
            "z@example.com", by=citizen(PERSON), outlet=Outlet([postman]), redis=redis
        )
        code = code_in(postman)
        for _ in range(email_address.MOST_TRIES):
            with pytest.raises(EmailCodeRefused):
                await email_address.confirm(PERSON, "x", redis=redis)

        with pytest.raises(EmailCodeRefused):
            await email_address.confirm(PERSON, code, redis=redis)

    async def test_addresses_that_are_none_are_refused(self, redis: Redis) -> None:
        for address in (
            "",
            "a",
            "a@b",
            "a b@c.de",
            "a@b.c\r\nBcc: d@e.fg",
            "a@" + "b" * 300 + ".de",
        ):
            with pytest.raises(UnreadableEmail):
                await email_address.ask(address, by=citizen(PERSON), outlet=Outlet(), redis=redis)
        with pytest.raises(EmailNotAvailable):
            await email_address.ask("a@b.de", by=citizen(PERSON), outlet=Outlet(), redis=redis)
