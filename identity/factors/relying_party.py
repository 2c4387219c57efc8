"""Under which name and address passkeys are asked for: those of the settings. Pure.

A proxy in front of us changes neither: what a browser signs is the address in its own bar.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, kw_only=True)
class RelyingParty:
    """W3C WebAuthn Level 3, section 4: the id is a domain, the origin scheme, host and port."""

    id: str
    origin: str


def relying_party(public_url: str) -> RelyingParty | None:
    """The party behind an address; None where browsers know no passkeys.

    They need https, or localhost, and a name instead of a network address (section 5.1.3).
    """
    try:
        parts = urlsplit(public_url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if not host or _is_address(host):
        return None
    if parts.scheme != "https" and not (parts.scheme == "http" and host == "localhost"):
        return None
    standard = port is None or port == DEFAULT_PORTS[parts.scheme]
    return RelyingParty(
        id=host,
        origin=f"{parts.scheme}://{host}" if standard else f"{parts.scheme}://{host}:{port}",
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
