"""Keys in a module: SoftHSM, when it is installed, and the samples of the how-to."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from signing import KeyUnavailable, begin_pdf_seal, begin_seal, sm2, verify_document
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.keys import KeyStore
from signing.pkcs11 import P256_SCHEME, Pkcs11KeyStore, sm2_scheme
from signing.pki import certificates, issuing
from signing.pki.certificates import DIGITAL_SIGNATURE, NON_REPUDIATION
from signing.suites import P256_SHA256, SM2_SM3
from tests.signing import pdf_makers
from tests.signing.makers import AT, BOX, DEPARTMENT, licence, make_seal

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "keep-the-key-in-an-hsm.md"
PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
LIBRARY = next((place for place in PLACES if Path(place).exists()), "")
UTILITY = shutil.which("softhsm2-util")
PIN, KEY = "87654321", "signer:approval"

try:
    import pkcs11 as api
except ImportError:
    api = None

needs_module = pytest.mark.skipif(
    not LIBRARY or UTILITY is None or api is None,
    reason="no SoftHSM or python-pkcs11: apt-get install softhsm2, requirements-hsm.txt",
)


@pytest.fixture(scope="session")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of tokens, named in the environment before the library is loaded."""
    folder = tmp_path_factory.mktemp("softhsm")
    settings = f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n"
    (folder / "softhsm2.conf").write_text(settings)
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    yield folder
    if api is not None:
        api.unload(LIBRARY)
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def make_token(label: str) -> None:
    """A new token. A library that is loaded already looks for tokens only when it starts."""
    assert UTILITY is not None
    pins = ("--so-pin", "12345678", "--pin", PIN)
    command = [UTILITY, "--init-token", "--free", "--label", label, *pins]
    subprocess.run(command, check=True, capture_output=True)
    api.unload(LIBRARY)


@pytest.fixture
async def store(configured: Path, request: pytest.FixtureRequest) -> AsyncIterator[Pkcs11KeyStore]:
    label = f"t{abs(hash(request.node.nodeid)) % 10**12}"
    make_token(label)
    opened = Pkcs11KeyStore(LIBRARY, token=label, pin=PIN)
    yield opened
    await opened.close()


def said_by(command: list[str], *, folder: Path) -> str:
    run = subprocess.run(command, capture_output=True, check=True, text=True, cwd=folder)
    return run.stdout


def certify(spki: bytes, ca: DevelopmentAuthority) -> bytes:
    root = certificates.parse(ca.root_certificate)
    request = issuing.Request(
        issuing.Name("云间市行政审批局", "云间市"),
        spki,
        4711,
        certificates.parse(ca.maker_certificate).not_before,
        root.not_after,
        frozenset({DIGITAL_SIGNATURE, NON_REPUDIATION}),
    )
    tbs = issuing.signed_part(request, root, root.spki)
    return issuing.assemble(tbs, ca.keys.sign_now(devca.ROOT_KEY, tbs), root.spki)


@needs_module
async def test_signature_made_inside_verifies(store: Pkcs11KeyStore) -> None:
    spki = await store.create(KEY, suite=P256_SHA256.name)

    for message in (b"", b"a message", bytes(100_000)):
        assert P256_SHA256.verify(spki, message, await store.sign(KEY, message))


@needs_module
async def test_module_seals_ofd_and_pdf(store: Pkcs11KeyStore) -> None:
    ca = pdf_makers.authority()
    keys: KeyStore = store
    certificate = certify(await keys.create(KEY, suite=P256_SHA256.name), ca)
    await keys.keep_certificate(KEY, certificate)
    assert await keys.certificate(KEY) == certificate
    ofd = begin_seal(
        licence(),
        seal=make_seal(ca, signers=[certificate]),
        signer_certificate=certificate,
        at=AT,
        boundary=BOX,
        provider="云间证",
    )
    pdf = begin_pdf_seal(
        pdf_makers.plain(),
        signer_certificate=certificate,
        at=AT,
        picture=pdf_makers.picture(),
        boundary=pdf_makers.BOX,
    )

    sealed = (
        ofd.complete(await keys.sign(KEY, ofd.to_sign)),
        pdf.complete(await keys.sign(KEY, pdf.to_sign)),
    )

    for document in sealed:
        assert verify_document(document, trust=ca.trust, at=AT).verdict == "valid"


@needs_module
async def test_private_key_cannot_be_read_out(store: Pkcs11KeyStore) -> None:
    await store.create(KEY, suite=P256_SHA256.name)
    await store.close()
    token = api.lib(LIBRARY).get_token(token_label=store._token)

    with token.open(user_pin=PIN) as session:
        (key,) = session.get_objects({api.Attribute.CLASS: api.ObjectClass.PRIVATE_KEY})
        assert key[api.Attribute.SENSITIVE]
        assert key[api.Attribute.NEVER_EXTRACTABLE]
        with pytest.raises(api.exceptions.AttributeSensitive):
            key[api.Attribute.VALUE]


@needs_module
async def test_key_survives_the_process_that_made_it(store: Pkcs11KeyStore) -> None:
    spki = await store.create(KEY, suite=P256_SHA256.name)
    program = (
        "import asyncio, sys\n"
        "from signing.pkcs11 import Pkcs11KeyStore\n"
        "store = Pkcs11KeyStore(sys.argv[1], token=sys.argv[2], pin=sys.argv[3])\n"
        "print(asyncio.run(store.sign('signer:approval', b'elsewhere')).hex())\n"
    )

    said = said_by(
        [sys.executable, "-c", program, LIBRARY, store._token, PIN], folder=HOW_TO.parents[2]
    )

    assert P256_SHA256.verify(spki, b"elsewhere", bytes.fromhex(said))


# python-pkcs11 also says in a destructor that the session is gone.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@needs_module
async def test_lost_session_is_opened_again(store: Pkcs11KeyStore) -> None:
    spki = await store.create(KEY, suite=P256_SHA256.name)
    store._session.close()

    assert P256_SHA256.verify(spki, b"again", await store.sign(KEY, b"again"))


@needs_module
async def test_many_signatures_at_once_are_all_right(store: Pkcs11KeyStore) -> None:
    spki = await store.create(KEY, suite=P256_SHA256.name)
    messages = [f"message {number}".encode() for number in range(40)]

    values = await asyncio.gather(*(store.sign(KEY, message) for message in messages))

    assert all(map(lambda m, v: P256_SHA256.verify(spki, m, v), messages, values))


@needs_module
async def test_existing_key_is_never_replaced(store: Pkcs11KeyStore) -> None:
    await store.create(KEY, suite=P256_SHA256.name)

    with pytest.raises(KeyUnavailable, match="exists already"):
        await store.create(KEY, suite=P256_SHA256.name)


@needs_module
async def test_certificate_of_another_key_is_refused_and_a_new_one_replaces_the_old(
    store: Pkcs11KeyStore,
) -> None:
    ca = pdf_makers.authority()
    spki = await store.create(KEY, suite=P256_SHA256.name)
    with pytest.raises(KeyUnavailable, match="no certificate"):
        await store.certificate(KEY)
    with pytest.raises(KeyUnavailable, match="another key"):
        await store.keep_certificate(KEY, ca.signer_certificates[DEPARTMENT])
    first, second = certify(spki, ca), certify(spki, ca)

    await store.keep_certificate(KEY, first)
    await store.keep_certificate(KEY, second)

    assert await store.certificate(KEY) == second


@needs_module
async def test_what_is_missing_is_told_by_name(store: Pkcs11KeyStore) -> None:
    for call in (store.sign("nobody", b""), store.certificate("nobody")):
        with pytest.raises(KeyUnavailable, match="nobody"):
            await call
    with pytest.raises(KeyUnavailable, match="sm2_scheme"):
        await store.create("key")


@needs_module
async def test_wrong_pin_token_and_library_are_told_apart(store: Pkcs11KeyStore) -> None:
    await store.create(KEY, suite=P256_SHA256.name)
    await store.close()
    cases = (
        (LIBRARY, store._token, "wrong-pin", "PinIncorrect"),
        (LIBRARY, "no such token", PIN, "NoSuchToken"),
        ("/nowhere/lib.so", store._token, PIN, "cannot be loaded|cannot be opened"),
    )
    for library, token, pin, message in cases:
        with pytest.raises(KeyUnavailable, match=message) as told:
            await Pkcs11KeyStore(library, token=token, pin=pin).sign(KEY, b"")
        assert pin not in str(told.value)
        assert pin not in repr(Pkcs11KeyStore(library, token=token, pin=pin))


@needs_module
async def test_unknown_vendor_mechanism_is_told(store: Pkcs11KeyStore) -> None:
    """SoftHSM has no SM2: the number reaches the module, and its refusal comes back."""
    vendor = sm2_scheme(generate=0x80000101, sign=0x80000102)
    other = Pkcs11KeyStore(LIBRARY, token=store._token, pin=PIN, schemes=[vendor])

    with pytest.raises(KeyUnavailable, match="the module answers"):
        await other.create(KEY)
    await other.close()


def test_sm2_scheme_gives_the_module_what_sm2_signs() -> None:
    """A module that signs SM3(Z ‖ M) makes signatures that our suite accepts."""
    secret = SM2_SM3.generate()
    spki = SM2_SM3.public_key(secret)
    outside = sm2_scheme(generate=1, sign=2)
    inside = sm2_scheme(generate=1, sign=2, hashes_inside=True)

    value = sm2.PrivateKey(secret).sign_digest(outside.prepare(spki, b"a message"))

    assert SM2_SM3.verify(spki, b"a message", value)
    assert inside.prepare(spki, b"a message") == b"a message"


def test_missing_library_for_python_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)

    with pytest.raises(KeyUnavailable, match=r"requirements-hsm\.txt"):
        Pkcs11KeyStore("/nowhere", token="t", pin="p")


@needs_module
async def test_samples_of_the_how_to_run(configured: Path) -> None:
    text = HOW_TO.read_text(encoding="utf-8")
    ca = pdf_makers.authority()
    (console,) = re.findall(r"```console\n\$ (.*?)\n(.*?)```", text, re.DOTALL)
    told = said_by([str(shutil.which("bash")), "-c", console[0]], folder=configured)
    assert told == console[1]
    api.unload(LIBRARY)
    names: dict[str, Any] = {"certify": lambda spki: certify(spki, ca), "now": AT}
    for sample in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(sample, names)  # noqa: S102 - the samples of our own document

    certificate = await names["make_key"](LIBRARY, PIN)
    names["esl"] = make_seal(ca, signers=[certificate])
    sealed = await names["seal"](licence(), LIBRARY, PIN)

    assert verify_document(sealed, trust=ca.trust, at=AT).verdict == "valid"
    assert names["open_store"](LIBRARY, PIN)._schemes == (names["SM2"], P256_SCHEME)
