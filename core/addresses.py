"""Who is at the other end: the citizen's own network address, also behind proxies. Pure.

A proxy writes down whom it speaks for, and whoever asks may have written there before it. So the
list is read from its right end, where our own proxy wrote, and only as far as proxies of ours go.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NO_PROXY = "none"
"""What a setting says when nobody stands in front of us."""

MOST_HOPS = 16
"""Proxies in a row that are followed; a longer list is not one that ours wrote."""

WIDEST = {4: 8, 6: 7}
"""Bits a network of proxies names at least (10.0.0.0/8, fc00::/7): trusting everybody is none."""

_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?", re.ASCII)
_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}", re.ASCII)


def read_networks(text: str) -> tuple[Network, ...]:
    """`10.8.0.0/16, fd00:8::/32`, or "none". Raises ValueError for anything else."""
    if text.strip() == NO_PROXY:
        return ()
    found = tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    if any(network.prefixlen < WIDEST[network.version] for network in found):
        raise ValueError("a network this wide would believe everybody")
    return found


def citizen_address(peer: str, forwarded: Iterable[str], *, trusted: Sequence[Network]) -> str:
    """The address that limits and logs go by.

    `peer` is the other end of the connection, `forwarded` the values of all X-Forwarded-For lines
    in their order. It is the right-most address that is no proxy of ours; where a proxy of ours
    wrote something that is no address, the proxy itself. An IPv6 address stands for its /64, which
    is what one customer gets and may move about in (RFC 6177, RFC 8981).
    """
    found = read_address(peer)
    if found is None:
        return ""
    entries = [entry for line in forwarded for entry in line.split(",")]
    for entry in entries[: -MOST_HOPS - 1 : -1]:
        if not _is_trusted(found, trusted):
            break
        said = read_address(entry)
        if said is None:
            break
        found = said
    return str(_customer(found))


def is_proxy(peer: str, *, trusted: Sequence[Network]) -> bool:
    """Whether the other end of a connection is a proxy of ours, which speaks for many."""
    found = read_address(peer)
    return found is not None and _is_trusted(found, trusted)


def read_address(text: str) -> Address | None:
    """An address as proxies write it: alone, with a port, in brackets, with a zone; else None."""
    text = text.strip(" \t").strip('"')
    matched = _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text)
    try:
        found = ipaddress.ip_address(matched[1] if matched else text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)


def _customer(address: Address) -> Address:
    if address.version == 4:
        return address
    return ipaddress.IPv6Network((int(address), 64), strict=False).network_address
