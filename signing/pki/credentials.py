"""A certificate as proof of who somebody is: a challenge signed with its key, now.

Stricter than for documents: every check must pass at the moment of the question, and what cannot be
told (no revocation list, no path) is refused as well.
"""

from collections.abc import Sequence
from datetime import datetime

from signing import suites
from signing.errors import SigningError
from signing.pki import certificate_files, certificates, chains
from signing.pki.certificates import Certificate
from signing.pki.trust import TrustList
from signing.report.policy import STRICT_POLICY
from signing.report.report import Outcome

HOLDER = chains.Purpose("holder", usages=(certificates.DIGITAL_SIGNATURE,))
MOST = 4


def holder(
    chain: Sequence[bytes], *, message: bytes, signature: bytes, trust: TrustList, at: datetime
) -> Certificate | None:
    """The certificate (DER, first in `chain`, or the holder's of a bundle there) if its key made
    `signature` over `message` and all of its checks pass at `at`, else None. Raises nothing for bad
    input."""
    try:
        chain = certificate_files.unfold(chain[:MOST])
        if not 0 < len(chain) <= MOST:
            return None
        leaf = certificates.parse(chain[0])
        suite = suites.by_public_key(leaf.spki)
        if leaf.extensions.is_authority or not suite.verify(leaf.spki, message, signature):
            return None
        checks = chains.judge(
            leaf,
            HOLDER,
            chains.Moment(used=at, now=at),
            trust=trust,
            policy=STRICT_POLICY,
            extra=tuple(chain[1:]),
        )
    except SigningError:
        return None
    good = all(check.outcome is Outcome.PASS for check in checks)
    return leaf if good and checks else None
