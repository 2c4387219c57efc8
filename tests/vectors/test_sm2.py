"""SM2 against signatures by OpenSSL, and against everything that must be refused."""

import json

import pytest

from signing import sm2
from signing.errors import InvalidKey
from tests.vectors.places import HERE

GOOD = json.loads((HERE / "sm2" / "openssl-made.json").read_bytes())
BAD = json.loads((HERE / "sm2" / "negative.json").read_bytes())


@pytest.mark.parametrize("vector", GOOD, ids=lambda vector: vector["pub"][:12])
def test_signature_by_openssl_is_accepted(vector: dict[str, str]) -> None:
    key = sm2.PublicKey(bytes.fromhex(vector["pub"]))
    message = bytes.fromhex(vector["msg"])

    assert key.message_digest(message).hex() == vector["e"]
    assert key.verify(bytes.fromhex(vector["sig"]), message)
    assert sm2.PrivateKey(bytes.fromhex(vector["d"])).public.point == key.point


@pytest.mark.parametrize("vector", BAD["V"], ids=lambda vector: vector["name"])
def test_only_the_control_is_accepted(vector: dict[str, str | None]) -> None:
    assert accepts(vector) == (vector["want"] == "accept")


def accepts(vector: dict[str, str | None]) -> bool:
    identity = bytes.fromhex(vector["uid"]) if vector["uid"] else sm2.DEFAULT_ID
    signature = bytes.fromhex(vector["sig"] or "")
    try:
        key = sm2.PublicKey(bytes.fromhex(vector["pub"] or ""))
    except InvalidKey:
        return False
    if vector["msg"] is not None:
        return key.verify(signature, bytes.fromhex(vector["msg"]), identity)
    return key.verify_digest(signature, bytes.fromhex(vector["e"] or ""))


def test_every_single_bit_flip_is_refused() -> None:
    key = sm2.PublicKey(bytes.fromhex(BAD["pub"]))
    message = bytes.fromhex(BAD["m"])

    refused = [not key.verify(bytes.fromhex(flip), message) for flip in BAD["flips"]]

    assert len(refused) == 576
    assert all(refused)


@pytest.mark.parametrize("number", [0, sm2.N - 1, sm2.N, sm2.N + 5])
def test_private_number_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(InvalidKey):
        sm2.PrivateKey(number.to_bytes(32, "big"))
