"""Keys in a hardware module, through PKCS #11 (OASIS v2.40 and later) and python-pkcs11.

Implements `signing.keys.KeyStore`. Private keys are made inside, marked sensitive and not
extractable, and never leave: a document goes `begin_seal` → `sign` → `complete`, and only the
message's digest crosses over. Needs requirements-hsm.txt; nothing else here imports it.

P-256 works by the standard. SM2 has no number in the standard: every vendor has its own, so its
scheme is made from the vendor's manual with `sm2_scheme`.

One thread of its own talks to the module, since sessions are not for several threads and calls
block. A session that was lost (module restarted, cable pulled) is opened again once. Make the
store after the worker process has started: PKCS #11 does not survive a fork.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from signing import sm2, suites
from signing.errors import KeyUnavailable, MalformedData, SigningError
from signing.pki import asn1, certificates
from signing.suites import P256_SHA256, SM2_SM3, Suite

_T = TypeVar("_T")
_CKM_EC_KEY_PAIR_GEN, _CKM_ECDSA, _CKK_EC = 0x1040, 0x1041, 0x03
_P256_CURVE = bytes.fromhex("06082a8648ce3d030107")
_SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")
# A session that ends so is worth opening again.
_LOST = (
    "SessionHandleInvalid",
    "SessionClosed",
    "DeviceRemoved",
    "DeviceError",
    "TokenNotPresent",
    "UserNotLoggedIn",
)


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a module makes keys and signatures of one suite.

    `prepare` turns the public key and the message into what the module is given.
    """

    suite: Suite
    curve: bytes
    generate: int
    sign: int
    key_type: int
    prepare: Callable[[bytes, bytes], bytes]


P256_SCHEME = Scheme(
    suite=P256_SHA256,
    curve=_P256_CURVE,
    generate=_CKM_EC_KEY_PAIR_GEN,
    sign=_CKM_ECDSA,
    key_type=_CKK_EC,
    prepare=lambda _, message: P256_SHA256.digest(message),
)


def sm2_scheme(
    *, generate: int, sign: int, key_type: int = _CKK_EC, hashes_inside: bool = False
) -> Scheme:
    """The scheme of a vendor's SM2: CKM numbers of key generation and signature, CKK number of
    the keys. Without `hashes_inside` the mechanism signs a ready digest SM3(Z ‖ M) of 32 bytes
    (GB/T 32918.2, with the usual identity); with it the module computes Z and the digest."""

    def digest(spki: bytes, message: bytes) -> bytes:
        point = spki[len(sm2.SPKI_PREFIX) :]
        return sm2.public_key(point).message_digest(message)

    return Scheme(
        suite=SM2_SM3,
        curve=_SM2_CURVE,
        generate=generate,
        sign=sign,
        key_type=key_type,
        prepare=(lambda _, message: message) if hashes_inside else digest,
    )


class Pkcs11KeyStore:
    """Keys of one token, found by their label. `module` is the path of the vendor's library.

    The PIN is kept in memory, because a lost session needs it again, and appears nowhere else.
    """

    def __init__(
        self,
        module: str,
        *,
        token: str,
        pin: str,
        schemes: Sequence[Scheme] = (P256_SCHEME,),
    ) -> None:
        self._api = _import()
        self._module, self._token, self._pin = module, token, pin
        self._schemes = tuple(schemes)
        self._session: Any = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pkcs11")

    def __repr__(self) -> str:
        return f"Pkcs11KeyStore({self._module!r}, token={self._token!r})"

    async def create(self, key_id: str, *, suite: str = "sm2-sm3") -> bytes:
        """Make a key inside the module; returns its SubjectPublicKeyInfo."""
        scheme = self._scheme_of_suite(suite)
        return await self._run(lambda session: self._create(session, key_id, scheme))

    async def keep_certificate(self, key_id: str, certificate: bytes) -> None:
        """Put a certificate beside its key, in the place of an older one."""
        await self._run(lambda session: self._keep_certificate(session, key_id, certificate))

    async def certificate(self, key_id: str) -> bytes:
        """The certificate beside a key, DER."""
        return await self._run(lambda session: self._certificate(session, key_id))

    async def sign(self, key_id: str, message: bytes) -> bytes:
        """DER signature of the message, made inside the module."""
        return await self._run(lambda session: self._sign(session, key_id, message))

    async def close(self) -> None:
        """Log out; the store opens again when it is used again."""
        await self._in_thread(self._drop)

    async def _run(self, action: Callable[[Any], _T]) -> _T:
        return await self._in_thread(lambda: self._with_session(action))

    async def _in_thread(self, action: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, action)

    def _with_session(self, action: Callable[[Any], _T]) -> _T:
        """Run an action, a second time when the session turns out to be lost."""
        for last in (False, True):
            try:
                return action(self._open())
            except SigningError:
                raise
            except self._api.exceptions.PKCS11Error as problem:
                kind = type(problem).__name__
                if kind in _LOST:
                    self._drop()
                if last or kind not in _LOST:
                    raise KeyUnavailable(f"the module answers {kind}") from problem
        raise AssertionError("unreachable")

    def _open(self) -> Any:
        if self._session is None:
            try:
                library = self._api.lib(self._module)
                token = library.get_token(token_label=self._token)
                self._session = token.open(rw=True, user_pin=self._pin)
            except self._api.exceptions.PKCS11Error as problem:
                kind = type(problem).__name__
                raise KeyUnavailable(f"the token cannot be opened: {kind}") from problem
            except (OSError, RuntimeError, AttributeError) as problem:
                raise KeyUnavailable(f"{self._module} cannot be loaded") from problem
        return self._session

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            try:
                session.close()
            except self._api.exceptions.PKCS11Error:
                return

    def _scheme_of_suite(self, suite: str) -> Scheme:
        for scheme in self._schemes:
            if scheme.suite.name == suite:
                return scheme
        raise KeyUnavailable(f"no scheme for {suite}: see signing.pkcs11.sm2_scheme")

    def _create(self, session: Any, key_id: str, scheme: Scheme) -> bytes:
        attribute, classes = self._api.Attribute, self._api.ObjectClass
        if self._objects(session, key_id, classes.PRIVATE_KEY):
            raise KeyUnavailable(f"key {key_id!r} exists already")
        parameters = session.create_domain_parameters(
            self._number(self._api.KeyType, scheme.key_type),
            {attribute.EC_PARAMS: scheme.curve},
            local=True,
        )
        public, _ = parameters.generate_keypair(
            id=key_id.encode(),
            label=key_id,
            store=True,
            mechanism=self._number(self._api.Mechanism, scheme.generate),
            private_template={attribute.SENSITIVE: True, attribute.EXTRACTABLE: False},
        )
        return _spki(scheme, bytes(public[attribute.EC_POINT]))

    def _keep_certificate(self, session: Any, key_id: str, certificate: bytes) -> None:
        attribute, classes = self._api.Attribute, self._api.ObjectClass
        parsed = certificates.parse(certificate)
        if parsed.spki != self._public_key(session, key_id)[1]:
            raise KeyUnavailable(f"the certificate belongs to another key than {key_id!r}")
        older = self._objects(session, key_id, classes.CERTIFICATE)
        session.create_object(
            {
                attribute.CLASS: classes.CERTIFICATE,
                attribute.CERTIFICATE_TYPE: self._api.CertificateType.X_509,
                attribute.TOKEN: True,
                attribute.ID: key_id.encode(),
                attribute.LABEL: key_id,
                attribute.SUBJECT: parsed.subject,
                attribute.ISSUER: parsed.issuer,
                attribute.SERIAL_NUMBER: asn1.integer(parsed.serial),
                attribute.VALUE: certificate,
            }
        )
        for item in older:
            item.destroy()

    def _certificate(self, session: Any, key_id: str) -> bytes:
        found = self._objects(session, key_id, self._api.ObjectClass.CERTIFICATE)
        if not found:
            raise KeyUnavailable(f"key {key_id!r} has no certificate")
        return bytes(found[0][self._api.Attribute.VALUE])

    def _sign(self, session: Any, key_id: str, message: bytes) -> bytes:
        found = self._objects(session, key_id, self._api.ObjectClass.PRIVATE_KEY)
        if len(found) != 1:
            raise KeyUnavailable(f"{len(found)} keys {key_id!r} on the token, one is needed")
        scheme, spki = self._public_key(session, key_id)
        prepared = scheme.prepare(spki, message)
        mechanism = self._number(self._api.Mechanism, scheme.sign)
        value = bytes(found[0].sign(prepared, mechanism=mechanism))
        return suites.from_raw(value) if suites.is_raw(value) else value

    def _public_key(self, session: Any, key_id: str) -> tuple[Scheme, bytes]:
        """Scheme and SubjectPublicKeyInfo of a key by the public key that lies beside it."""
        attribute = self._api.Attribute
        found = self._objects(session, key_id, self._api.ObjectClass.PUBLIC_KEY)
        if not found:
            raise KeyUnavailable(f"no public key {key_id!r} on the token")
        curve = bytes(found[0][attribute.EC_PARAMS])
        for scheme in self._schemes:
            if scheme.curve == curve:
                return scheme, _spki(scheme, bytes(found[0][attribute.EC_POINT]))
        raise KeyUnavailable(f"key {key_id!r} is on a curve that no scheme is for")

    def _objects(self, session: Any, key_id: str, kind: Any) -> list[Any]:
        attribute = self._api.Attribute
        return list(session.get_objects({attribute.CLASS: kind, attribute.LABEL: key_id}))

    def _number(self, kind: Any, number: int) -> Any:
        """A member of an enumeration of python-pkcs11, which takes no bare vendor number."""
        try:
            return kind(number)
        except ValueError:
            member = int.__new__(kind, number)
            member._name_, member._value_ = f"VENDOR_{number:08X}", number
            return member


def _import() -> Any:
    try:
        import pkcs11
    except ImportError as problem:
        raise KeyUnavailable(
            "python-pkcs11 is not installed: pip install -r requirements-hsm.txt"
        ) from problem
    return pkcs11


def _spki(scheme: Scheme, point: bytes) -> bytes:
    """SubjectPublicKeyInfo of CKA_EC_POINT, which modules give as OCTET STRING or bare."""
    if len(point) != 65:
        try:
            point = asn1.parse(point).octets()
        except MalformedData as problem:
            raise KeyUnavailable("the token gives no usable public key") from problem
    prefix = scheme.suite.spki_prefix
    if not isinstance(prefix, bytes):
        raise KeyUnavailable(f"keys of {scheme.suite.name} are not on a curve")
    return prefix + point
