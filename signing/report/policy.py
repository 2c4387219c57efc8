"""How strict to be, as data: the files in `policies/`, which anybody may use as samples.

DEFAULT_POLICY is the careful reader of real files. STRICT_POLICY takes only what our own issuer
writes and insists on revocation evidence. LENIENT_POLICY shows vendor slips as warnings.
"""

from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from signing.report.policy_files import read_policy
from signing.report.policy_model import MIB, Limits, Policy

_FOLDER = "policies"
_NAMES = ("default", "strict", "lenient")


def _read_ours() -> Mapping[str, Policy]:
    """Each file may be based on those before it. A slip in one stops the import."""
    found: dict[str, Policy] = {}
    folder = resources.files("signing") / _FOLDER
    for name in _NAMES:
        found[name] = read_policy((folder / f"{name}.json").read_bytes(), known=found)
    return MappingProxyType(found)


POLICIES: Mapping[str, Policy] = _read_ours()
DEFAULT_POLICY, STRICT_POLICY, LENIENT_POLICY = (POLICIES[name] for name in _NAMES)

__all__ = [
    "DEFAULT_POLICY",
    "LENIENT_POLICY",
    "MIB",
    "POLICIES",
    "STRICT_POLICY",
    "Limits",
    "Policy",
]
