"""The settings file that leads a program to the stand-in instead of the platforms."""

import json
from pathlib import Path

from miniapp_bridge.standin import codec, world
from miniapp_bridge.standin.world import Keys

TEMPLATE = {"title": "thing1", "note": "thing2", "time": "time3"}


def write(folder: Path, keys: Keys, *, url: str, page_hosts: list[str]) -> Path:
    """Write `platforms.toml` and the key files beside it; returns the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in (
        ("own.pem", codec.private_pem(keys.merchant)),
        ("alipay-public.pem", codec.public_pem(keys.alipay)),
        ("wechat-pay-public.pem", codec.public_pem(keys.wechat_pay)),
    ):
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(data)
    target = folder / "platforms.toml"
    target.touch(mode=0o600)
    target.write_text(text(url, page_hosts), encoding="utf-8")
    return target


def text(url: str, page_hosts: list[str]) -> str:
    """The file's content: every platform at one address."""
    host = url.partition("://")[2]
    tables: dict[str, dict[str, object]] = {
        "wechat": {
            "app_id": world.APP_ID,
            "secret": world.APP_SECRET,
            "base_url": url,
            "authorize_url": f"{url}/connect/oauth2/authorize",
            "push_token": world.PUSH_TOKEN,
            "push_keys": [world.PUSH_KEY],
            "page_hosts": page_hosts,
        },
        'wechat.templates."*"': {"id": "STANDIN-TEMPLATE-1", "keys": TEMPLATE},
        "alipay": {
            "app_id": world.ALIPAY_APP,
            "private_key_file": "own.pem",
            "public_key_file": "alipay-public.pem",
            "aes_key": world.AES_KEY,
            "base_url": url,
            "authorize_url": f"{url}/oauth2/publicAppAuthorize.htm",
            "picture_hosts": [host],
        },
        'alipay.templates."*"': {
            "id": "STANDIN-TEMPLATE-2",
            "keys": {"title": "keyword1", "note": "keyword2", "time": "keyword3"},
        },
        "city": {
            "kind": "oidc",
            "client_id": world.CITY_CLIENT,
            "secret": world.CITY_SECRET,
            "authorize_url": f"{url}/city/authorize",
            "token_url": f"{url}/city/token",
            "jwks_url": f"{url}/city/jwks",
            "issuer": "https://city.example",
            "levels": {"L2": 2, "L3": 3},
        },
        "city.claims": {"name": "name", "id_no": "id_no", "phone": "phone", "level": "level"},
        "sms": {"base_url": url, "account": world.SMS_ACCOUNT, "secret": world.SMS_SECRET},
        "wechat_pay": {
            "app_id": world.APP_ID,
            "merchant": world.MERCHANT,
            "serial": world.MERCHANT_SERIAL,
            "private_key_file": "own.pem",
            "api_key": world.API_KEY,
            "base_url": url,
            "platform_keys": {world.PAY_SERIAL: "wechat-pay-public.pem"},
        },
        "alipay_trade": {"seller_id": world.SELLER},
        "cashier": {
            "base_url": url,
            "account": world.CASHIER_ACCOUNT,
            "secret": world.CASHIER_SECRET,
        },
    }
    return "\n".join(_table(name, values) for name, values in tables.items())


def _table(name: str, values: dict[str, object]) -> str:
    lines = [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)} = {_value(one)}" for key, one in value.items())
        return f"{{ {inner} }}"
    return json.dumps(value, ensure_ascii=False)
