"""The contract of every suite in SUITES, and SM2 where it differs from the rest."""

import multiprocessing
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import InvalidKey, SigningError, UnknownSuite, sm2, sm3, suites
from signing.suites import SUITES, Suite, from_raw, to_raw
from signing.suites.p256_sha256 import spki_of_point
from tests.signing.openssl import needs_openssl, verifies

ROOT = Path(__file__).parents[2]
MESSAGE = b"licence payload"


@dataclass(frozen=True)
class Subject:
    suite: Suite
    secret: bytes
    spki: bytes


@pytest.fixture(scope="module", params=SUITES.values(), ids=lambda suite: suite.name)
def subject(request: pytest.FixtureRequest) -> Subject:
    suite: Suite = request.param
    secret = suite.generate()
    return Subject(suite, secret, suite.public_key(secret))


def test_signature_verifies_for_its_message_and_key_only(subject: Subject) -> None:
    suite = subject.suite
    signature = suite.sign(subject.secret, MESSAGE)
    stranger = suite.public_key(suite.generate())

    assert suite.verify(subject.spki, MESSAGE, signature)
    assert not suite.verify(subject.spki, MESSAGE + b"!", signature)
    assert not suite.verify(stranger, MESSAGE, signature)


@pytest.mark.parametrize("bad", [b"", b"0", bytes(64), bytes(72), b"0\x06\x02\x01\x01\x02\x01\x01"])
def test_malformed_signature_is_false_and_no_error(subject: Subject, bad: bytes) -> None:
    good = subject.suite.sign(subject.secret, MESSAGE)

    for signature in (bad, good + b"\x00", good[:-1], b"\x00" + good):
        assert not subject.suite.verify(subject.spki, MESSAGE, signature)


@pytest.mark.parametrize("damage", [b"", b"0", bytes(91)])
def test_malformed_key_is_refused(subject: Subject, damage: bytes) -> None:
    for spki in (damage, subject.spki[:-1], subject.spki + b"\x00"):
        with pytest.raises(InvalidKey):
            subject.suite.verify(spki, MESSAGE, b"")
    with pytest.raises(InvalidKey):
        subject.suite.public_key(b"\x01" * 31)


def test_suite_is_found_by_everything_that_names_it(subject: Subject) -> None:
    suite = subject.suite

    assert suites.by_oid(suite.signature_oid) is suite
    assert suites.by_name(suite.name) is suite
    assert suites.by_public_key(subject.spki) is suite
    assert suites.by_cose_algorithm(suite.cose_algorithm) is suite
    assert len(suite.digest(MESSAGE)) == 32


def test_digest_in_steps_is_the_digest(subject: Subject) -> None:
    hasher = subject.suite.hasher()
    hasher.update(MESSAGE[:3])
    hasher.update(memoryview(MESSAGE)[3:])

    assert hasher.finalize() == subject.suite.digest(MESSAGE)


def test_nothing_else_is_found() -> None:
    for look_up in (suites.by_oid, suites.by_name):
        with pytest.raises(UnknownSuite):
            look_up("1.2.3")
    with pytest.raises(UnknownSuite):
        suites.by_public_key(b"0")
    with pytest.raises(UnknownSuite):
        suites.by_cose_algorithm(0)


@given(st.integers(1, sm2.N - 1), st.integers(1, sm2.N - 1))
def test_raw_and_der_are_two_forms_of_one_signature(r: int, s: int) -> None:
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")

    assert to_raw(from_raw(raw)) == raw
    assert suites.is_raw(raw) or raw[:2] == b"\x30\x3e"


def test_raw_of_another_length_is_refused() -> None:
    with pytest.raises(SigningError):
        from_raw(bytes(63))


@pytest.mark.parametrize("point", [b"", b"\x02" + b"\xff" * 32, b"\x04" + bytes(32), b"\x05" * 33])
def test_point_that_is_none_is_refused(point: bytes) -> None:
    with pytest.raises(InvalidKey):
        spki_of_point(point)


def test_sm3_gives_the_digest_of_the_standard() -> None:
    """GB/T 32905-2016, annex A.1."""
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"

    assert sm3(b"abc").hex() == expected


@needs_openssl
def test_openssl_verifies_sm2(tmp_path: Path) -> None:
    key = sm2.PrivateKey.generate()

    assert verifies(tmp_path, key.public.spki, MESSAGE, key.sign(MESSAGE))


def test_identity_is_part_of_the_signature() -> None:
    key = sm2.PrivateKey.generate()
    signature = key.sign(MESSAGE, b"ALICE123@YAHOO.COM")

    assert key.public.verify(signature, MESSAGE, b"ALICE123@YAHOO.COM")
    assert not key.public.verify(signature, MESSAGE)
    with pytest.raises(ValueError, match="8191"):
        key.sign(MESSAGE, bytes(8192))


def test_secret_stays_out_of_sight() -> None:
    key = sm2.PrivateKey.generate()

    assert key.secret.hex() not in repr(key)


def test_threads_share_one_key() -> None:
    key = sm2.PrivateKey.generate()
    good: list[bool] = []

    def work() -> None:
        for _ in range(30):
            good.append(key.public.verify(key.sign(MESSAGE), MESSAGE))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert good == [True] * 120


BEFORE_FORK = sm2.PrivateKey.generate()


def _nonce_part(_: int) -> bytes:
    """r of a signature; two equal ones of one key give the key away."""
    return to_raw(BEFORE_FORK.sign(MESSAGE))[:32]


def test_forked_processes_draw_different_nonces() -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        parts = pool.map(_nonce_part, range(8))

    assert len({*parts, _nonce_part(0)}) == 9


@pytest.mark.parametrize("library", ["/nowhere/libcrypto.so", "libm.so.6"])
def test_library_without_sm2_is_told_clearly(library: str) -> None:
    """A choice that does not work is never passed over in silence."""
    environment = {**os.environ, "SM2_LIBCRYPTO": library}
    done = subprocess.run(
        [sys.executable, "-c", "import signing"],
        capture_output=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )

    assert done.returncode == 1
    assert b"EngineUnavailable" in done.stderr
    assert b"SM2_LIBCRYPTO" in done.stderr
