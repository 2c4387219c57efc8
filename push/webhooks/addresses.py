"""Where a webhook may lead: never into our own network, unless an operator allows that part of it.

The address in the database is a name; what counts is where it leads at the moment of connecting.
Therefore names are resolved by `GuardedResolver`, which gives out only addresses that may be called
(so a name that changes its mind between two look-ups gains nothing), and addresses written as
numbers, which never reach a resolver, are checked before. Redirects are not followed.
"""

import ipaddress
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from push.errors import WebhookAddressRefused

Network = IPv4Network | IPv6Network

NAT64 = ipaddress.ip_network("64:ff9b::/96")
LONGEST_URL = 500


class AddressRefused(OSError):
    """The name leads to where we do not connect. An OSError, as resolvers raise."""


def read_networks(text: str) -> tuple[Network, ...]:
    """Networks an operator allows, e.g. `10.8.0.0/16, fd00:8::/32`. Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def may_connect(address: str, allowed: Sequence[Network]) -> bool:
    """Whether a numeric address is public, or allowed by name."""
    try:
        found: IPv4Address | IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if _is_among(address, allowed):
        return True
    found = _inner(found)
    return found.is_global and not found.is_multicast and not found.is_reserved


def _is_among(address: str, allowed: Sequence[Network]) -> bool:
    found = _inner(ipaddress.ip_address(address.partition("%")[0]))
    return any(found.version == network.version and found in network for network in allowed)


def check_url(url: str, allowed: Sequence[Network]) -> str:
    """The address as we keep it. Raises WebhookAddressRefused with the reason.

    Plain http is for numbers in allowed networks only, where the line itself is protected.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise WebhookAddressRefused("地址写法不正确", reason="unreadable") from None
    host = parts.hostname or ""
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_URL:
        raise WebhookAddressRefused("地址只能用英文字符，且不超过 500 个", reason="unreadable")
    if parts.username is not None or parts.password is not None:
        raise WebhookAddressRefused("地址里不能带用户名和密码", reason="credentials")
    if not host or port == 0 or parts.scheme not in ("http", "https"):
        raise WebhookAddressRefused("地址要以 https:// 开头", reason="scheme")
    numeric = as_number(host)
    if numeric is not None and not may_connect(numeric, allowed):
        raise WebhookAddressRefused("不能使用内部网络的地址", reason="private-address")
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        raise WebhookAddressRefused("不能使用内部网络的地址", reason="private-address")
    if parts.scheme == "http" and not (numeric and _is_among(numeric, allowed)):
        raise WebhookAddressRefused("地址要以 https:// 开头", reason="scheme")
    return url


def as_number(host: str) -> str | None:
    """The address a host name really is, also in forms like `2130706433` or `0x7f.1`; else None."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


class GuardedResolver(AbstractResolver):
    """Resolves as usual and keeps only what may be called."""

    def __init__(
        self, allowed: Sequence[Network], *, inner: AbstractResolver | None = None
    ) -> None:
        self._allowed = allowed
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises AddressRefused when nothing is left."""
        found = await self._inner.resolve(host, port, family)
        good = [one for one in found if may_connect(one["host"], self._allowed)]
        if not good:
            raise AddressRefused("private-address")
        return good

    async def close(self) -> None:
        await self._inner.close()


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address an IPv6 one stands for: what is reached in the end counts."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address
