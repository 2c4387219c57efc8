"""The software key store, and the contract every key store keeps."""

import pytest

from signing import KeyStore, KeyUnavailable, SoftwareKeyStore, suites
from tests.signing.makers import DEPARTMENT, authority


@pytest.mark.parametrize("suite", ["sm2-sm3", "p256-sha256"])
async def test_created_key_signs(suite: str) -> None:
    store: KeyStore = SoftwareKeyStore()

    spki = await store.create("k", suite=suite)
    signature = await store.sign("k", b"message")

    assert suites.by_name(suite).verify(spki, b"message", signature)
    assert not suites.by_name(suite).verify(spki, b"another", signature)


async def test_store_survives_writing() -> None:
    written = authority().keys.to_bytes(passphrase="correct horse")

    store = SoftwareKeyStore.from_bytes(written, passphrase=b"correct horse")

    assert store.key_ids == ("lists", "maker", "root", "signer:approval", "signer:police")
    certificate = await store.certificate(f"signer:{DEPARTMENT}")
    assert certificate == authority().signer_certificates[DEPARTMENT]
    again = SoftwareKeyStore.from_bytes(store.to_bytes(), passphrase="correct horse")
    assert again.key_ids == store.key_ids


def test_written_store_shows_nothing() -> None:
    secret = b"\x11" * 32
    store = SoftwareKeyStore()
    store.import_now("very-secret-name", secret)

    written = store.to_bytes(passphrase="x")

    assert b"very-secret-name" not in written
    assert secret.hex().encode() not in written
    assert "11111111" not in repr(store)
    assert store.to_bytes(passphrase="x") != written


@pytest.mark.parametrize("passphrase", ["wrong", ""])
def test_wrong_passphrase_is_refused(passphrase: str) -> None:
    written = authority().keys.to_bytes(passphrase="right")

    with pytest.raises(KeyUnavailable):
        SoftwareKeyStore.from_bytes(written, passphrase=passphrase)


def test_no_passphrase_writes_nothing() -> None:
    with pytest.raises(KeyUnavailable):
        SoftwareKeyStore().to_bytes()


async def test_unknown_key_is_unavailable() -> None:
    store = SoftwareKeyStore()

    with pytest.raises(KeyUnavailable):
        await store.sign("nobody", b"")
    with pytest.raises(KeyUnavailable):
        await store.certificate("nobody")
    with pytest.raises(KeyUnavailable):
        await store.create("k", suite="rot13")


async def test_key_is_never_replaced() -> None:
    store = SoftwareKeyStore()
    await store.create("k")

    with pytest.raises(KeyUnavailable):
        await store.create("k")


async def test_certificate_of_another_key_is_refused() -> None:
    store = SoftwareKeyStore()
    await store.create("k")

    with pytest.raises(KeyUnavailable):
        await store.keep_certificate("k", authority().root_certificate)
    with pytest.raises(KeyUnavailable):
        await store.certificate("k")
