"""E-mail by SMTP: the standard library's client in a thread, one message a connection.

The line is always encrypted: `smtps://` from the start (RFC 8314), `smtp://` by STARTTLS, which
must be offered. Only a server on this machine may be talked to in plain text.
"""

import asyncio
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from core import clock
from miniapp_bridge.errors import MessageRejected, OutcomeUnknown
from push.providers import ProviderDown

SECONDS = 15.0
PORTS = {"smtp": 587, "smtps": 465}
OWN_MACHINE = ("127.0.0.1", "::1", "localhost")


class SmtpProvider:
    """`url` is smtps://user:password@host:port, `sender` the address in From."""

    def __init__(self, url: str, *, sender: str, name: str = "smtp") -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("an SMTP address begins with smtp:// or smtps://")
        self.name = name
        self._scheme = parts.scheme
        self._host = parts.hostname
        self._port = parts.port or PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender

    async def send(self, *, to: str, title: str, text: str, reference: str) -> None:
        """See `providers.Provider`."""
        message = compose(sender=self._sender, to=to, title=title, text=text, reference=reference)
        await asyncio.to_thread(self._hand_over, message, to)

    def _hand_over(self, message: EmailMessage, to: str) -> None:
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise ProviderDown(type(error).__name__) from None
        try:
            server.send_message(message, self._sender, [to])
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise MessageRejected() if code >= 500 else ProviderDown(f"code-{code}") from None
        except smtplib.SMTPServerDisconnected:
            raise OutcomeUnknown() from None
        except smtplib.SMTPResponseException as error:
            raise ProviderDown(f"code-{error.smtp_code}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise OutcomeUnknown() from error
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=SECONDS)
            if self._host not in OWN_MACHINE:
                server.starttls(context=context)
        if self._user:
            server.login(self._user, self._password)
        return server


def compose(*, sender: str, to: str, title: str, text: str, reference: str) -> EmailMessage:
    """A plain-text message. Raises ValueError for an address that could smuggle a header."""
    message = EmailMessage(policy=SMTP)
    host = Address(addr_spec=sender).domain
    message["From"] = Address(display_name="云间证", addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = " ".join(title.split())
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{reference}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message
