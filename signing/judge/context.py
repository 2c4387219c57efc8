"""The validation context (ETSI TS 119 102-1, 5.1): what every judgement of a signature needs."""

from dataclasses import dataclass
from datetime import datetime

from signing.pki.trust import TrustList
from signing.report.policy import Policy
from signing.report.report import Check


@dataclass(frozen=True, slots=True)
class Context:
    """What every judgement needs: by whom to believe, at what time, how strictly, about what."""

    trust: TrustList
    now: datetime
    policy: Policy
    signature: str = ""

    def judge(self, code: str, **facts: str) -> Check:
        return self.policy.judge(code, signature=self.signature, **facts)
