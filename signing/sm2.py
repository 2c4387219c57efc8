"""SM2 with SM3 (GB/T 32918) on the system's libcrypto through cffi, without a compiler.

The only file that knows where SM2 comes from. libcrypto signs and verifies the 32-byte number
e = SM3(Z ‖ M) only; Z is computed here, so the empty-identity trap of OpenSSL cannot happen.
Keys and signature encodings are checked here before libcrypto sees them. cffi frees the GIL
around every call. Set SM2_LIBCRYPTO=/path/to/libcrypto to use another build.
"""

import os
import secrets
from functools import lru_cache
from typing import Any, Self

import cffi
from cryptography.hazmat.primitives import hashes

from signing.errors import EngineUnavailable, InvalidKey

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
DEFAULT_ID = b"1234567812345678"

# a ‖ b ‖ Gx ‖ Gy of sm2p256v1 (GB/T 32918.5), the constant middle of the input of Z.
_CURVE_FIELDS = bytes.fromhex(
    "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"
    "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
)
# The one canonical SubjectPublicKeyInfo head: id-ecPublicKey, curve 1.2.156.10197.1.301.
SPKI_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_SEC1_PREFIX = bytes.fromhex("30310201010420")
_SEC1_CURVE = bytes.fromhex("a00a06082a811ccf5501822d")
_OLDEST = 0x30000000
_LONGEST_ID = 8191

_CANDIDATES = ("libcrypto.so.3", "libcrypto.so.4", "libcrypto.3.dylib", "libcrypto-3-x64.dll")
_HELP = (
    "SM2 needs OpenSSL 3 or newer built with SM2 (Debian and Ubuntu have it; Red Hat and SUSE "
    "build without). Install one, or set SM2_LIBCRYPTO=/path/to/libcrypto.so.3. Tried: "
)

_ffi = cffi.FFI()
_ffi.cdef(
    """
    typedef struct evp_pkey EVP_PKEY;
    typedef struct evp_pkey_ctx EVP_PKEY_CTX;
    EVP_PKEY *d2i_PUBKEY(EVP_PKEY **, const unsigned char **, long);
    EVP_PKEY *d2i_AutoPrivateKey(EVP_PKEY **, const unsigned char **, long);
    int i2d_PUBKEY(const EVP_PKEY *, unsigned char **);
    void EVP_PKEY_free(EVP_PKEY *);
    int EVP_PKEY_is_a(const EVP_PKEY *, const char *);
    EVP_PKEY_CTX *EVP_PKEY_CTX_new(EVP_PKEY *, void *);
    void EVP_PKEY_CTX_free(EVP_PKEY_CTX *);
    int EVP_PKEY_check(EVP_PKEY_CTX *);
    int EVP_PKEY_public_check(EVP_PKEY_CTX *);
    int EVP_PKEY_sign_init(EVP_PKEY_CTX *);
    int EVP_PKEY_sign(EVP_PKEY_CTX *, unsigned char *, size_t *, const unsigned char *, size_t);
    int EVP_PKEY_verify_init(EVP_PKEY_CTX *);
    int EVP_PKEY_verify(EVP_PKEY_CTX *, const unsigned char *, size_t,
                        const unsigned char *, size_t);
    void ERR_clear_error(void);
    const char *OpenSSL_version(int);
    unsigned long OpenSSL_version_num(void);
    """
)


def sm3(data: bytes) -> bytes:
    """SM3 digest (GB/T 32905), 32 bytes."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


class PublicKey:
    """A checked point on sm2p256v1. Costs 0.3 ms to load: use `public_key` for the cached one."""

    __slots__ = ("_handle", "_z", "point")

    def __init__(self, point: bytes) -> None:
        if len(point) != 65 or point[0] != 4:
            raise InvalidKey("an SM2 public key is 65 bytes, 04 ‖ X ‖ Y")
        x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
        if x >= P or y >= P:
            raise InvalidKey("coordinate out of range")
        self.point = bytes(point)
        self._handle = _load(_lib.d2i_PUBKEY, SPKI_PREFIX + self.point, _lib.EVP_PKEY_public_check)
        self._z = self.identity_digest(DEFAULT_ID)

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, the canonical 91 bytes."""
        return SPKI_PREFIX + self.point

    def identity_digest(self, identity: bytes) -> bytes:
        """Z of GB/T 32918.2-2016, 5.5: binds the signer's identity and key into the digest."""
        if len(identity) > _LONGEST_ID:
            raise ValueError("an SM2 identity has at most 8191 bytes")
        length = (len(identity) * 8).to_bytes(2, "big")
        return sm3(length + identity + _CURVE_FIELDS + self.point[1:])

    def message_digest(self, message: bytes, identity: bytes = DEFAULT_ID) -> bytes:
        """e = SM3(Z ‖ M), the number that SM2 really signs."""
        z = self._z if identity == DEFAULT_ID else self.identity_digest(identity)
        return sm3(z + message)

    def verify(self, signature: bytes, message: bytes, identity: bytes = DEFAULT_ID) -> bool:
        return self.verify_digest(signature, self.message_digest(message, identity))

    def verify_digest(self, signature: bytes, digest: bytes) -> bool:
        """True only for a canonical DER signature of this 32-byte e by this key."""
        if len(digest) != 32:
            raise ValueError("e has 32 bytes")
        if not is_canonical(signature):
            return False
        context = _context(self._handle)
        try:
            if _lib.EVP_PKEY_verify_init(context) != 1:
                raise EngineUnavailable("libcrypto refused to start an SM2 verification")
            size = len(signature)
            accepted: bool = _lib.EVP_PKEY_verify(context, signature, size, digest, 32) == 1
            if not accepted:
                _lib.ERR_clear_error()
            return accepted
        finally:
            _lib.EVP_PKEY_CTX_free(context)


class PrivateKey:
    """A checked private number with its public key. Costs 1.5 ms to load: keep the object."""

    __slots__ = ("_handle", "public", "secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32 or not 1 <= int.from_bytes(secret, "big") <= N - 2:
            raise InvalidKey("an SM2 private key is 32 bytes, 1 ≤ d ≤ n − 2")
        self.secret = bytes(secret)
        sec1 = _SEC1_PREFIX + self.secret + _SEC1_CURVE
        self._handle = _load(_lib.d2i_AutoPrivateKey, sec1, _lib.EVP_PKEY_check)
        size = _lib.i2d_PUBKEY(self._handle, _ffi.NULL)
        spki = _ffi.new("unsigned char[]", size)
        _lib.i2d_PUBKEY(self._handle, _ffi.new("unsigned char **", spki))
        self.public = public_key(bytes(_ffi.buffer(spki, size))[len(SPKI_PREFIX) :])

    @classmethod
    def generate(cls) -> Self:
        return cls((secrets.randbelow(N - 2) + 1).to_bytes(32, "big"))

    def sign(self, message: bytes, identity: bytes = DEFAULT_ID) -> bytes:
        """DER signature of the message; a new nonce from libcrypto each time."""
        return self.sign_digest(self.public.message_digest(message, identity))

    def sign_digest(self, digest: bytes) -> bytes:
        if len(digest) != 32:
            raise ValueError("e has 32 bytes")
        context = _context(self._handle)
        try:
            if _lib.EVP_PKEY_sign_init(context) != 1:
                raise EngineUnavailable("libcrypto refused to start an SM2 signature")
            signature = _ffi.new("unsigned char[80]")
            size = _ffi.new("size_t *", 80)
            if _lib.EVP_PKEY_sign(context, signature, size, digest, 32) != 1:
                _lib.ERR_clear_error()
                raise EngineUnavailable("libcrypto could not sign")
            return bytes(_ffi.buffer(signature, size[0]))
        finally:
            _lib.EVP_PKEY_CTX_free(context)

    def __repr__(self) -> str:
        return f"PrivateKey(public={self.public.point.hex()[:16]}…)"


@lru_cache(maxsize=1024)
def public_key(point: bytes) -> PublicKey:
    """The checked key of this point, from the cache when it was seen before."""
    return PublicKey(point)


def is_canonical(signature: bytes) -> bool:
    """Minimal DER SEQUENCE { r, s } with 0 < r, s < n and r + s ≠ n."""
    if not 8 <= len(signature) <= 72 or signature[0] != 0x30 or signature[1] != len(signature) - 2:
        return False
    position = 2
    numbers: list[int] = []
    for _ in range(2):
        if position + 2 > len(signature) or signature[position] != 2:
            return False
        size = signature[position + 1]
        body = signature[position + 2 : position + 2 + size]
        if not 1 <= size <= 33 or len(body) != size or body[0] & 0x80:
            return False
        if size > 1 and body[0] == 0 and not body[1] & 0x80:
            return False
        numbers.append(int.from_bytes(body, "big"))
        position += 2 + size
    r, s = numbers
    return position == len(signature) and 0 < r < N and 0 < s < N and r + s != N


# cffi has no types for libraries and pointers: handles below are opaque to mypy.
def _load(decode: Any, der: bytes, check: Any) -> Any:
    """Decode a key, insist on SM2 and on the last byte, and run libcrypto's own check."""
    buffer = _ffi.from_buffer(der)
    start = _ffi.cast("const unsigned char *", buffer)
    cursor = _ffi.new("const unsigned char **", start)
    handle = decode(_ffi.NULL, cursor, len(der))
    if handle == _ffi.NULL:
        _lib.ERR_clear_error()
        raise InvalidKey("libcrypto does not take this key")
    handle = _ffi.gc(handle, _lib.EVP_PKEY_free)
    if cursor[0] - start != len(der) or _lib.EVP_PKEY_is_a(handle, b"SM2") != 1:
        raise InvalidKey("not exactly one SM2 key")
    context = _ffi.gc(_context(handle), _lib.EVP_PKEY_CTX_free)
    if check(context) != 1:
        _lib.ERR_clear_error()
        raise InvalidKey("the key is out of range or off the curve")
    return handle


def _context(handle: Any) -> Any:
    context = _lib.EVP_PKEY_CTX_new(handle, _ffi.NULL)
    if context == _ffi.NULL:
        raise EngineUnavailable("libcrypto is out of memory")
    return context


def _open() -> Any:
    """The first library that loads and is new enough; with SM2_LIBCRYPTO that one or none."""
    chosen = os.environ.get("SM2_LIBCRYPTO")
    tried = []
    for path in (chosen,) if chosen else _CANDIDATES:
        try:
            library = _ffi.dlopen(path)
            if library.OpenSSL_version_num() >= _OLDEST:
                return library
            tried.append(f"{path} is {_ffi.string(library.OpenSSL_version(0)).decode()}")
        except (OSError, AttributeError) as problem:
            # AttributeError: a library that loads but is no libcrypto.
            tried.append(str(problem))
    raise EngineUnavailable(_HELP + "; ".join(tried))


def known_answer() -> None:
    """The signature example of GB/T 32918.5-2017; raises EngineUnavailable on any difference."""
    secret = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
    point = bytes.fromhex(
        "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    )
    digest = bytes.fromhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")
    signature = bytes.fromhex(
        "3046022100F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
        "022100B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
    )
    try:
        key = PrivateKey(secret)
    except InvalidKey as problem:
        raise EngineUnavailable(f"{_HELP}{VERSION}, which has no SM2") from problem
    public = key.public
    answers = (
        public.point == point,
        public.message_digest(b"message digest") == digest,
        public.verify_digest(signature, digest),
        not public.verify(signature, b"message digesT"),
        public.verify(key.sign(b"fresh"), b"fresh"),
    )
    if not all(answers):
        raise EngineUnavailable(f"{VERSION} fails the SM2 known-answer test")


_lib = _open()
VERSION: str = _ffi.string(_lib.OpenSSL_version(0)).decode()
known_answer()
