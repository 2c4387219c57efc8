"""Every mistake in the platforms' file, and the sentence an operator is answered with."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis

from core.settings import Settings, SettingsError
from miniapp_bridge import config
from miniapp_bridge.city import profile
from miniapp_bridge.client import BadAnswer
from miniapp_bridge.payments import open_providers
from miniapp_bridge.platforms import open_connectors
from miniapp_bridge.standin import settings as standin_settings
from miniapp_bridge.standin.world import Keys

SECRET = "hunter2-secret-of-the-file"
GOOD = standin_settings.text("https://platforms.example", ["zwfw.example.gov.cn"])

CITY: dict[str, Any] = {
    "client_id": "c1",
    "secret": SECRET,
    "authorize_url": "https://city.example/a",
    "token_url": "https://city.example/t",
    "jwks_url": "https://city.example/k",
    "issuer": "https://city.example",
}
OAUTH = {**CITY, "kind": "oauth2_code", "userinfo_url": "https://city.example/u"}


def written(folder: Path, text: str, *, mode: int = 0o600) -> Path:
    path = folder / "platforms.toml"
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def table(text: str, name: str) -> str:
    """One table of a file's text, without the others."""
    return next(one for one in text.split("\n\n") if one.startswith(f"[{name}]"))


def test_no_file_is_no_platform(tmp_path: Path) -> None:
    assert config.load(None, production=True) == config.PlatformConfigs()
    assert config.load(written(tmp_path, ""), production=True).wechat is None


def test_whole_file_is_read_and_prints_none_of_it(tmp_path: Path) -> None:
    configs = config.load(written(tmp_path, GOOD), production=True)

    assert configs.folder == tmp_path
    secrets = [one for one in tomllib.loads(GOOD)["wechat"].values() if isinstance(one, str)]
    assert configs.wechat is not None
    assert all(one not in f"{configs} {configs.wechat!r} {configs.cashier}" for one in secrets)


MISTAKES: list[tuple[str, str]] = [
    ("[wechat", "TOMLDecodeError"),
    ("wechat = 5", "got `int` - at `$.wechat`"),
    ("[wechatt]\napp_id = 'x'", "unknown field `wechatt`"),
    ("[wechat]\napp_id = 'x'", "missing required field `secret` - at `$.wechat`"),
    ("[wechat]\napp_id = ''\nsecret = 'x'", "length >= 1 - at `$.wechat.app_id`"),
    ("[wechat]\napp_id = 'x'\nsecret = 5", "Expected `str`, got `int` - at `$.wechat.secret`"),
    ("[wechat]\napp_id = 'x'\nsecret = 'x'\nsecrets = 'x'", "unknown field `secrets`"),
    ("[wechat]\napp_id = 'x'\nsecret = 'x'\nstate = 'live'", "at `$.wechat.state`"),
    ("[wechat]\napp_id = 'x'\nsecret = 'x'\ntemplates = ['T']", "at `$.wechat.templates`"),
    ("[alipay]\napp_id = 'x'\nprivate_key_file = 'a'", "missing required field `public_key_file`"),
    ("[sms]\nbase_url = 'https://x'\naccount = 'x'", "missing required field `secret`"),
    (table(GOOD, "wechat_pay").replace('ABC"', 'AB"'), "at `$.wechat_pay.api_key`"),
    (table(GOOD, "wechat_pay").replace('ABC"', 'AB证"'), "at `$.wechat_pay.api_key`"),
    ("[alipay_trade]", "missing required field `seller_id`"),
    ("[cashier]\nbase_url = ''\naccount = 'x'\nsecret = 'x'", "at `$.cashier.base_url`"),
]


@pytest.mark.parametrize(("text", "sentence"), MISTAKES, ids=range(len(MISTAKES)))
def test_mistake_in_the_file_is_named_by_its_place(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        config.load(written(tmp_path, text), production=False)

    said = str(refusal.value)
    assert said.startswith("platforms.toml: ")
    assert sentence in said


def test_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.toml"):
        config.load(tmp_path / "gone.toml", production=False)
    (tmp_path / "latin.toml").write_bytes(b"# \xff")
    with pytest.raises(SettingsError, match=r"latin\.toml"):
        config.load(tmp_path / "latin.toml", production=False)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_production_reads_no_file_that_others_can(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, GOOD, mode=mode)

    with pytest.raises(SettingsError, match="chmod 600"):
        config.load(path, production=True)
    assert config.load(path, production=False).wechat is not None


PLACES = [
    f"{name}.{key}"
    for name, values in tomllib.loads(GOOD).items()
    for key in values
    if key.endswith("_url")
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("url", ["http://x.example", "", "x.example", "ftp://x.example", "//x"])
def test_production_talks_to_no_address_in_the_clear(tmp_path: Path, place: str, url: str) -> None:
    name, _, key = place.partition(".")
    old = table(GOOD, name)
    lines = [f'{key} = "{url}"' if one.startswith(f"{key} ") else one for one in old.split("\n")]
    path = written(tmp_path, GOOD.replace(old, "\n".join(lines)))

    with pytest.raises(SettingsError) as refusal:
        config.load(path, production=True)

    told = str(refusal.value)
    assert told.startswith("platforms.toml: ")
    assert place in told


def test_every_platform_has_an_address_that_is_checked() -> None:
    assert {place.partition(".")[0] for place in PLACES} == {
        "wechat", "alipay", "city", "sms", "wechat_pay", "cashier",
    }  # fmt: skip


def odd_key(kind: str, keys: Keys) -> bytes:
    if kind == "of another curve":
        return ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    if kind == "under a password":
        return keys.merchant.private_bytes(  # type: ignore[no-any-return]
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"x"),
        )
    return {
        "empty": b"",
        "no PEM": b"MIIEvQIBADANBgkqhkiG9w0B",
        "broken": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "broken certificate": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    }[kind]


KINDS = ["empty", "no PEM", "broken", "broken certificate", "of another curve", "under a password"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["own.pem", "alipay-public.pem", "wechat-pay-public.pem"])
async def test_key_that_cannot_be_used_is_named_at_the_start(
    settings: Settings, redis: Redis, standin_keys: Keys, folder: Path, kind: str, name: str
) -> None:
    path = standin_settings.write(folder, standin_keys, url="https://x.example", page_hosts=[])
    (folder / name).write_bytes(odd_key(kind, standin_keys))
    configs = config.load(path, production=True)

    with pytest.raises(SettingsError) as refusal:
        open_providers(configs, redis=redis)
    assert name in str(refusal.value)
    if name == "wechat-pay-public.pem":
        return
    with pytest.raises(SettingsError) as refusal:
        await open_connectors(settings, redis=redis, configs=configs)
    assert name in str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('push_keys = ["', 'push_keys = ["A", "', "wechat.push_keys"),
        ("ABCDEFGHIJKLM", "-BCDEFGHIJKLM", "wechat.push_keys"),
        ("ABCDEFGHIJKLM", "证BCDEFGHIJKLM", "wechat.push_keys"),
        ("aYA0GP8JEW", "aYA0GP8JE", "alipay.aes_key"),
        ("aYA0GP8JEW", "aYA0GP8J證W", "alipay.aes_key"),
        (
            "public_key_file",
            'app_certificate_file = "a"\npublic_key_file',
            "alipay: certificate mode",
        ),
        ('private_key_file = "own.pem"', 'private_key_file = "gone.pem"', "gone.pem: No such file"),
        ("alipay-public.pem", "gone.pem", "gone.pem: No such file"),
    ],
)
async def test_key_in_the_file_that_cannot_be_used_is_named_at_the_start(
    settings: Settings, redis: Redis, standin_keys: Keys, folder: Path, old: str, new: str,
    sentence: str,
) -> None:  # fmt: skip
    path = standin_settings.write(folder, standin_keys, url="https://x.example", page_hosts=[])
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(SettingsError) as refusal:
        await open_connectors(settings, redis=redis, configs=config.load(path, production=True))

    assert sentence in str(refusal.value)
    assert "EFGHIJKLM" not in str(refusal.value)


PROFILES: list[tuple[dict[str, Any], str]] = [
    ({"kind": "saml"}, "city: Invalid enum value 'saml' - at `$.kind`"),
    ({"client_id": ""}, "city: Expected `str` of length >= 1 - at `$.client_id`"),
    ({"jwks_url": ""}, "city: oidc needs jwks_url and issuer"),
    ({"issuer": ""}, "city: oidc needs jwks_url and issuer"),
    ({"token_url": ""}, "city: oidc needs token_url"),
    ({"kind": "oauth2_code"}, "city: oauth2_code needs userinfo_url"),
    ({"kind": "ticket"}, "city: ticket needs userinfo_url"),
    ({**OAUTH, "token_url": ""}, "city: oauth2_code needs token_url"),
    ({**OAUTH, "kind": "token_in_url"}, "say accept_token_in_url = true as well"),
    ({"least_level": 0}, "city: Expected `int` >= 1 - at `$.least_level`"),
    ({"least_level": 5}, "city: Expected `int` <= 4 - at `$.least_level`"),
    ({"ticket_seconds": 29}, "city: Expected `int` >= 30 - at `$.ticket_seconds`"),
    ({"ticket_seconds": 601}, "city: Expected `int` <= 600 - at `$.ticket_seconds`"),
    ({"claims": {"user_id": ""}}, "at `$.claims.user_id`"),
    ({"claims": {"nick": "x"}}, "unknown field `nick` - at `$.claims`"),
    ({"levels": {"L3": "three"}}, "city: Expected `int`, got `str` - at `$.levels[...]`"),
    ({"client_auth": "none"}, "at `$.client_auth`"),
    ({"surprise": 1}, "unknown field `surprise`"),
]


@pytest.mark.parametrize(("changes", "sentence"), PROFILES, ids=range(len(PROFILES)))
def test_profile_that_cannot_work_is_told_why(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        profile.read({**CITY, **changes})

    assert sentence in str(refusal.value)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    ("value", "wanted", "good"),
    [
        (0, "0", True),
        ("0", "0", True),
        (1, "0", False),
        (True, "true", True),
        (False, "true", False),
        (None, "", False),
        ("", "", True),
        ({"of": 1}, "0", False),
    ],
)
def test_success_is_what_the_profile_says_in_the_words_of_json(
    value: object, wanted: str, good: bool
) -> None:
    chosen = profile.read({**CITY, "success_path": "meta.code", "success_value": wanted})
    answer = {"meta": {"code": value}, "sub": "u1"}
    if good:
        assert profile.fields_of(chosen, answer) == answer
        return
    with pytest.raises(BadAnswer):
        profile.fields_of(chosen, answer)


@pytest.mark.parametrize("data", [None, [], "x", 5, {"user": []}, {}])
def test_answer_without_its_fields_is_none(data: object) -> None:
    chosen = profile.read({**CITY, "data_path": "data.user"})

    with pytest.raises(BadAnswer):
        profile.fields_of(chosen, {"data": data})


NAMES = {"user_id": "user.id", "name": "n", "id_no": "i", "phone": "p", "level": "l"}
PERSON = {"user": {"id": "u1"}, "n": "张演示", "i": "310199199003071017", "l": "L3"}


@pytest.mark.parametrize("user_id", [None, "", "  ", [], {}, True, False, 1.5])
def test_nobody_is_not_somebody(user_id: object) -> None:
    chosen = profile.read({**CITY, "claims": NAMES})

    with pytest.raises(BadAnswer):
        profile.identity(chosen, {**PERSON, "user": {"id": user_id}})


@pytest.mark.parametrize(
    ("changes", "real"),
    [
        ({}, True),
        ({"l": " L3 "}, True),
        ({"l": 3}, True),
        ({"l": "L2"}, False),
        ({"l": "l3"}, False),
        ({"l": None}, False),
        ({"l": True}, True),
        ({"l": False}, False),
        ({"n": ""}, False),
        ({"n": True}, False),
        ({"i": None}, False),
        ({"user": {"id": 7}}, True),
    ],
)
def test_real_name_is_believed_from_the_level_on_and_never_in_part(
    changes: dict[str, Any], real: bool
) -> None:
    levels = {"L3": 3, "3": 3, "L2": 2, "True": 1, "true": 4}
    chosen = profile.read({**CITY, "claims": NAMES, "levels": levels})

    found = profile.identity(chosen, {**PERSON, **changes})

    assert (found.real_name is not None) is real
    assert found.phone is None
