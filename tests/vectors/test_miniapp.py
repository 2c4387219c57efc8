"""Signatures and ciphers of the platforms against published and self-made values.

All of them go through our own code, never through the stand-in's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from miniapp_bridge.alipay import crypto as alipay
from miniapp_bridge.alipay import phone
from miniapp_bridge.payments import crypto as pay
from miniapp_bridge.wechat import crypto as wechat
from miniapp_bridge.wechat import push

ROOT = Path(__file__).resolve().parents[2]
COPIED = Path(__file__).parent / "miniapp" / "vectors.json"
SHARED = ROOT.parent / "shared" / "reference" / "miniapp-vectors.json"
BY_CONTENT = 44
SHAPE_ONLY = {"wx-checksession-signature"}
"""Its page prints a signature without the key that made it."""

Vector = dict[str, Any]


@cache
def document() -> dict[str, Any]:
    """The whole collection where it is at hand, else the part that may be copied."""
    path = SHARED if SHARED.is_file() else COPIED
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def vectors(*algorithms: str) -> list[Any]:
    found = [one for one in document()["vectors"] if one["algorithm"] in algorithms]
    return [pytest.param(one, id=one["id"]) for one in found if one["id"] not in SHAPE_ONLY]


def private_key(name: str) -> Any:
    der = base64.b64decode(document()["keys"][name]["pkcs8_der_b64"])
    return serialization.load_der_private_key(der, password=None)


def public_key(values: Vector) -> Any:
    if "certificate_pem" in values:
        return pay.load_public_key(values["certificate_pem"].encode())
    return serialization.load_der_public_key(base64.b64decode(values["public_key_spki_b64"]))


def changed(text: str) -> str:
    """The text with one character in its middle changed to another of base64."""
    middle = len(text) // 2
    return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]


@pytest.mark.parametrize("vector", vectors("sha1_sorted_concat"))
def test_push_signature(vector: Vector) -> None:
    parts, expected = vector["input"]["parts"], vector["expect"]["hex"]

    assert wechat.push_signature_holds(expected, parts)
    assert not wechat.push_signature_holds(expected, [*parts[:-1], parts[-1] + "0"])


def cipher_of(values: Vector, app_id: str) -> wechat.PushCipher:
    return wechat.PushCipher(values["encoding_aes_key"], app_id)


@pytest.mark.parametrize("vector", vectors("wx_msg_decrypt"))
def test_push_message_is_opened(vector: Vector) -> None:
    values, expected = vector["input"], vector["expect"]
    app_id = values.get("appid") or expected["appid"]
    message = cipher_of(values, app_id).decrypt(values["encrypt"]).decode()

    assert message == expected["msg"]
    assert all(part in message for part in expected.get("contains", ()))
    with pytest.raises(wechat.Unreadable):
        cipher_of(values, "wx0000000000000000").decrypt(values["encrypt"])
    if values.get("msg_signature"):
        parts = (values["token"], values["timestamp"], values["nonce"], values["encrypt"])
        assert wechat.push_signature_holds(values["msg_signature"], parts)
        wrong = (values["token"], values["timestamp"], values["nonce"] + "1", values["encrypt"])
        assert not wechat.push_signature_holds(values["msg_signature"], wrong)
    if values.get("body"):
        assert push.parse(values["body"].encode())["Encrypt"] == values["encrypt"]


@pytest.mark.parametrize("vector", vectors("wx_msg_encrypt"))
def test_push_reply_is_sealed(vector: Vector) -> None:
    values, expected = vector["input"], vector["expect"]
    cipher = cipher_of(values, values["appid"])
    encrypted = cipher.encrypt(values["msg"].encode(), random=values["random"].encode())

    assert encrypted == expected["encrypt"]
    if "msg_signature" in expected:
        parts = (values["token"], values["timestamp"], values["nonce"], encrypted)
        assert wechat.sorted_sha1(parts) == expected["msg_signature"]


@pytest.mark.parametrize("vector", vectors("wx_data_decrypt"))
def test_open_data(vector: Vector) -> None:
    values = vector["input"]
    plain = wechat.decrypt_data(
        values["encrypted_data"], session_key=values["session_key"], iv=values["iv"]
    )

    assert json.loads(plain) == vector["expect"]["json"]
    with pytest.raises(wechat.Unreadable):
        wechat.decrypt_data(
            values["encrypted_data"],
            session_key=base64.b64encode(bytes(16)).decode(),
            iv=values["iv"],
        )


@pytest.mark.parametrize("vector", vectors("sha1_concat"))
def test_raw_data_signature(vector: Vector) -> None:
    values = vector["input"]

    made = wechat.raw_data_signature(values["raw_data"], values["session_key"])
    assert made == vector["expect"]["hex"]


@pytest.mark.parametrize("vector", vectors("hmac_sha256_hex"))
def test_session_signature(vector: Vector) -> None:
    assert wechat.session_signature(vector["input"]["key"]) == vector["expect"]["hex"]


@pytest.mark.parametrize("vector", vectors("sha1_text"))
def test_page_signature(vector: Vector) -> None:
    values = vector["input"]
    made = wechat.page_signature(
        ticket=values["jsapi_ticket"],
        nonce=values["noncestr"],
        timestamp=int(values["timestamp"]),
        url=values["url"],
    )

    assert made == vector["expect"]["hex"]


@pytest.mark.parametrize("vector", vectors("sha256_text"))
def test_certificate_hash(vector: Vector) -> None:
    values = vector["input"]
    made = wechat.certificate_hash(
        kind=values["cert_type"], name=values["cert_name"], number=values["cert_no"]
    )

    assert made == vector["expect"]["hex"]


@pytest.mark.parametrize("vector", vectors("rsa_sha256_sign"))
def test_pay_signatures(vector: Vector) -> None:
    values, key = vector["input"], private_key(vector["input"]["key"])
    if "method" in values:
        body = values["body"].encode()
        at, nonce = str(values["timestamp"]), values["nonce_str"]
        text = pay.request_text(values["method"], values["url"], at, nonce, body)
        assert text.decode() == values["string"]
        made = pay.sign(text, key)
    elif "package" in values:
        made = pay.pay_signature(
            app_id=values["appId"],
            timestamp=str(values["timeStamp"]),
            nonce=values["nonceStr"],
            package=values["package"],
            key=key,
        )
    else:
        made = pay.sign(values["string"].encode(), key)

    assert made == vector["expect"]["signature"]


@pytest.mark.parametrize("vector", vectors("rsa_sha256_verify"))
def test_pay_answer(vector: Vector) -> None:
    values, key = vector["input"], public_key(vector["input"])

    def holds(**altered: Any) -> bool:
        kept = {
            "timestamp": str(values["timestamp"]),
            "nonce": values["nonce"],
            "body": values["body"].encode(),
            "signature": values["signature"],
        }
        return pay.answer_holds(**{**kept, **altered}, key=key)

    assert holds()
    assert not holds(body=values["body"].encode() + b" ")
    assert not holds(nonce="0" + values["nonce"])
    assert not holds(signature="WECHATPAY/SIGNTEST/" + values["signature"])


@pytest.mark.parametrize("vector", vectors("aes_gcm_decrypt"))
def test_pay_resource(vector: Vector) -> None:
    values = vector["input"]
    plain = pay.open_resource(
        ciphertext=values["ciphertext"],
        nonce=values["nonce"],
        associated_data=values["associated_data"],
        key=values["key_text"].encode(),
    )

    assert plain.decode() == vector["expect"]["plaintext"]
    with pytest.raises(pay.Unreadable):
        pay.open_resource(
            ciphertext=changed(values["ciphertext"]),
            nonce=values["nonce"],
            associated_data=values["associated_data"],
            key=values["key_text"].encode(),
        )


@pytest.mark.parametrize("vector", vectors("aes_gcm_hex"))
def test_gcm_under_a_key_of_32_bytes(vector: Vector) -> None:
    values = {name.removesuffix("_hex"): bytes.fromhex(v) for name, v in vector["input"].items()}
    sealed = bytes.fromhex(vector["expect"]["ciphertext_hex"] + vector["expect"]["tag_hex"])

    plain = pay.decrypt(
        sealed, nonce=values["iv"], associated_data=values["aad"], key=values["key"]
    )
    assert plain == values["plaintext"]


@pytest.mark.parametrize("vector", vectors("wxpay_notify"))
def test_pay_notice_from_headers_to_content(vector: Vector) -> None:
    values, key = vector["input"], public_key(vector["input"])
    headers = {name.lower(): value for name, value in values["headers"].items()}

    def holds(body: str) -> bool:
        return pay.answer_holds(
            timestamp=headers["wechatpay-timestamp"],
            nonce=headers["wechatpay-nonce"],
            body=body.encode(),
            signature=headers["wechatpay-signature"],
            key=key,
        )

    resource = json.loads(values["body"])["resource"]
    plain = pay.open_resource(
        ciphertext=resource["ciphertext"],
        nonce=resource["nonce"],
        associated_data=resource.get("associated_data", ""),
        key=values["api_v3_key"].encode(),
    )
    assert holds(values["body"])
    assert not holds(values["body"].replace("encrypt", "Encrypt", 1))
    assert plain.decode() == vector["expect"]["plaintext"]


@pytest.mark.parametrize("vector", vectors("rsa_oaep_sha1_decrypt"))
def test_sensitive_field(vector: Vector) -> None:
    key = private_key(vector["input"]["key"])
    expected = vector["expect"]["plaintext"]

    assert pay.open_field(vector["input"]["ciphertext"], key) == expected
    assert pay.open_field(pay.seal_field(expected, key.public_key()), key) == expected


@pytest.mark.parametrize("vector", vectors("alipay_node_text"))
def test_node_is_cut_out_as_it_came(vector: Vector) -> None:
    _, text, signature = alipay.answer_node(vector["input"]["body"], vector["input"]["method"])

    assert text == vector["expect"]["node_text"]
    assert signature == vector["expect"]["sign"]


@pytest.mark.parametrize("vector", vectors("alipay_response_verify"))
def test_answer_is_verified_on_the_raw_text(vector: Vector) -> None:
    values, key = vector["input"], public_key(vector["input"])
    _, text, signature = alipay.answer_node(values["body"], values["method"])

    assert signature is not None
    assert text == vector["expect"].get("node_text", text)
    assert alipay.holds(text, signature, key)
    assert not alipay.holds(text + " ", signature, key)


@pytest.mark.parametrize("vector", vectors("alipay_notify_verify"))
def test_notice_is_verified(vector: Vector) -> None:
    key = public_key(vector["input"])
    fields = alipay.parse_notice(vector["input"]["form_body"].encode())

    assert fields == vector["input"]["form"]
    assert alipay.notice_holds(fields, key)
    for name in fields:
        if name in ("sign", "sign_type") or not fields[name]:
            continue
        assert not alipay.notice_holds({**fields, name: fields[name] + "0"}, key), name
        left_out = {other: value for other, value in fields.items() if other != name}
        assert not alipay.notice_holds(left_out, key), name


@pytest.mark.parametrize("vector", vectors("alipay_cert_sn"))
def test_certificate_serial(vector: Vector) -> None:
    pem = vector["input"]["pem"].encode()
    make: Callable[[], str] = (
        (lambda: alipay.root_serial(pem))
        if vector["input"]["root"]
        else (lambda: alipay.serial_of(alipay.certificates(pem)[0]))
    )

    assert make() == vector["expect"]["sn"]


@pytest.mark.parametrize("vector", vectors("alipay_request_sign"))
def test_request_is_signed(vector: Vector) -> None:
    text = alipay.sign_text(vector["input"]["params"])

    assert text == vector["expect"]["string"]
    made = alipay.sign(text, private_key(vector["input"]["key"]))
    assert made == vector["expect"]["sign"]


@pytest.mark.parametrize("vector", vectors("alipay_phone"))
def test_phone_answer(vector: Vector) -> None:
    values, key = vector["input"], public_key(vector["input"])
    plain = phone.opened(values["payload"], public_key=key, aes_key=values["aes_key"])

    assert plain == vector["expect"]["plaintext"]


def test_nothing_is_left_out() -> None:
    if not SHARED.is_file():
        pytest.skip(
            "no ../shared/reference: lay the project's folder `shared` beside this repository"
        )
    found = document()["vectors"]
    tried = {
        "sha1_sorted_concat", "wx_msg_decrypt", "wx_msg_encrypt", "wx_data_decrypt", "sha1_concat",
        "hmac_sha256_hex", "sha1_text", "sha256_text", "rsa_sha256_sign", "rsa_sha256_verify",
        "aes_gcm_decrypt", "aes_gcm_hex", "wxpay_notify", "rsa_oaep_sha1_decrypt",
        "alipay_node_text", "alipay_response_verify", "alipay_notify_verify", "alipay_cert_sn",
        "alipay_request_sign", "alipay_phone",
    }  # fmt: skip

    by_content = [one for one in found if one["id"] not in SHAPE_ONLY]
    assert len(by_content) == BY_CONTENT
    assert {one["algorithm"] for one in by_content} == tried
    assert {one["id"] for one in found if not one["verified"]} == SHAPE_ONLY
