"""Electronic seals: make them, apply them to OFD documents, verify them.

A pure library: bytes in, bytes or reports out. No clock, no I/O, no tables, no settings.
"""

from signing.errors import (
    EngineUnavailable,
    InvalidKey,
    InvalidSignature,
    KeyUnavailable,
    MalformedCertificate,
    MalformedData,
    MalformedDocument,
    MalformedPass,
    MalformedSeal,
    MalformedSignature,
    MalformedStatusList,
    MalformedTrustList,
    SealRefused,
    SigningError,
    UnknownSuite,
    UnsafeDocument,
)
from signing.extract.document import Extract, Item, ItemKind, extract_data
from signing.keys import KeyStore, SoftwareKeyStore
from signing.ofd.writer import write_package
from signing.passes.verify import PassReport, verify_pass
from signing.pdf import begin_pdf_seal
from signing.pki.crl import Revocation
from signing.pki.revocation_sources import StatusSource, with_answers
from signing.pki.trust import TrustList
from signing.report.findings import REASONS
from signing.report.policy import (
    DEFAULT_POLICY,
    LENIENT_POLICY,
    POLICIES,
    STRICT_POLICY,
    Limits,
    Policy,
)
from signing.report.report import Check, Outcome, SealReport, SignatureReport, Verdict
from signing.seal.begin import Unsigned, begin_seal
from signing.seal.eseal import Seal, parse_seal
from signing.seal.making import UnsignedSeal, build_seal
from signing.seal.picture import draw_seal_picture
from signing.seal.placing import Edge, Placement, Riding
from signing.sm2 import sm3
from signing.verify.document import verify_detached, verify_document
from signing.verify.seal import verify_seal

__all__ = [
    "DEFAULT_POLICY",
    "LENIENT_POLICY",
    "POLICIES",
    "REASONS",
    "STRICT_POLICY",
    "Check",
    "Edge",
    "EngineUnavailable",
    "Extract",
    "InvalidKey",
    "InvalidSignature",
    "Item",
    "ItemKind",
    "KeyStore",
    "KeyUnavailable",
    "Limits",
    "MalformedCertificate",
    "MalformedData",
    "MalformedDocument",
    "MalformedPass",
    "MalformedSeal",
    "MalformedSignature",
    "MalformedStatusList",
    "MalformedTrustList",
    "Outcome",
    "PassReport",
    "Placement",
    "Policy",
    "Revocation",
    "Riding",
    "Seal",
    "SealRefused",
    "SealReport",
    "SignatureReport",
    "SigningError",
    "SoftwareKeyStore",
    "StatusSource",
    "TrustList",
    "UnknownSuite",
    "UnsafeDocument",
    "Unsigned",
    "UnsignedSeal",
    "Verdict",
    "begin_pdf_seal",
    "begin_seal",
    "build_seal",
    "draw_seal_picture",
    "extract_data",
    "parse_seal",
    "sm3",
    "verify_detached",
    "verify_document",
    "verify_pass",
    "verify_seal",
    "with_answers",
    "write_package",
]
