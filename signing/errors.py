"""Everything `signing` raises. A broken call raises; a bad signature in somebody's document is a
finding in the report and raises nothing.

    SigningError
    ├── MalformedData            bytes that do not follow their format
    │   ├── MalformedDocument    not an OFD at all: no zip, or no OFD.xml
    │   │   └── UnsafeDocument   a zip that breaks a limit or a safety rule
    │   │       └── BrokenXml    an XML file inside that is not well-formed
    │   ├── MalformedSeal        not a GB/T 38540 or GM/T 0031 seal
    │   ├── MalformedSignature   not a seal signature, CMS message or time stamp
    │   ├── MalformedCertificate not an X.509 certificate, revocation list or OCSP answer
    │   │                        that we can use
    │   ├── MalformedTrustList
    │   ├── MalformedPass        not an offline licence pass
    │   └── MalformedStatusList
    ├── UnknownSuite             no registered suite has this identifier or key type
    ├── InvalidKey               key bytes that are out of range or off the curve
    ├── InvalidSignature         a signature handed to us does not belong to its message
    ├── SealRefused              sealing is not allowed: closed document, signer not in the seal …
    ├── KeyUnavailable           a key store does not have, or may not open, this key
    └── EngineUnavailable        no libcrypto with SM2 on this machine
"""


class SigningError(Exception):
    """Root of the tree; `slug` never changes, the message is for developers."""

    slug = "signing"


class MalformedData(SigningError):
    slug = "malformed-data"


class MalformedDocument(MalformedData):
    slug = "malformed-document"


class UnsafeDocument(MalformedDocument):
    slug = "unsafe-document"


class BrokenXml(UnsafeDocument):
    slug = "broken-xml"


class MalformedSeal(MalformedData):
    slug = "malformed-seal"


class MalformedSignature(MalformedData):
    slug = "malformed-signature"


class MalformedCertificate(MalformedData):
    slug = "malformed-certificate"


class MalformedTrustList(MalformedData):
    slug = "malformed-trust-list"


class MalformedPass(MalformedData):
    slug = "malformed-pass"


class MalformedStatusList(MalformedData):
    slug = "malformed-status-list"


class UnknownSuite(SigningError):
    slug = "unknown-suite"


class InvalidKey(SigningError):
    slug = "invalid-key"


class InvalidSignature(SigningError):
    slug = "invalid-signature"


class SealRefused(SigningError):
    slug = "seal-refused"


class KeyUnavailable(SigningError):
    slug = "key-unavailable"


class EngineUnavailable(SigningError):
    slug = "engine-unavailable"
