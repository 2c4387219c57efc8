"""Fetch fresh answers about a certificate through a port; the network itself stays outside.

    trust = await with_answers(leaf, trust=trust, source=source)
    report = verify_document(data, trust=trust, at=at)

Whoever implements `StatusSource` decides how: the addresses come out of certificates that strangers
may have written, so take http and https only, no address of an inner network, no redirection to
one, a short time-out and a bounded answer; POST the request as application/ocsp-request (RFC 6960,
appendix A).
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

from signing.errors import MalformedCertificate
from signing.pki import chains, ocsp, ocsp_building
from signing.pki.trust import TrustList

_MOST_ADDRESSES = 2


class StatusSource(Protocol):
    """Somewhere to ask for the state of certificates."""

    async def ask(self, address: str, request: bytes) -> bytes | None:
        """The DER answer to an OCSPRequest, None when there is none. Raises nothing for what a
        network can do: no answer means that nothing is known, never that all is well."""


async def with_answers(
    leaf: bytes, *, trust: TrustList, source: StatusSource, extra: Sequence[bytes] = ()
) -> TrustList:
    """The trust list with answers about each certificate between `leaf` (DER) and its anchor.

    Only for a path whose signatures are right: nobody else's addresses are asked. An answer that
    cannot be read or is about somebody else is left out; who signed it and when is judged when it
    is used. Raises MalformedCertificate for the leaf.
    """
    path = chains.find_path(bytes(leaf), tuple(extra), trust)
    if not path.complete:
        return trust
    found: list[bytes] = []
    for certificate, issuer in pairwise(path.certificates):
        question = ocsp_building.request(certificate, issuer)
        for address in certificate.extensions.ocsp_addresses[:_MOST_ADDRESSES]:
            answer = await source.ask(address, question)
            try:
                useful = answer is not None and ocsp.parse(answer).about(certificate, issuer)
            except MalformedCertificate:
                continue
            if answer is not None and useful:
                found.append(answer)
                break
    return replace(trust, ocsp=(*trust.ocsp, *found)) if found else trust
