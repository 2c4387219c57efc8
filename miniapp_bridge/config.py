"""Settings of the platforms: one TOML file, named by YUNJIAN_PLATFORMS, read once.

A table per platform that is offered; a missing table switches it off. The file holds secrets, so in
production it must be readable by its owner only, and no address in it may be plain http (a
stand-in's). `key_file`-like values are PEM files beside it.
"""

import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm

from core.settings import SettingsError

Text = Annotated[str, msgspec.Meta(min_length=1)]
PushKey = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z+/]{43}\Z")]
"""32 bytes in Base64 without its last character."""

AesKey = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-Za-z+/]{22}==)?\Z")]
"""16 bytes in Base64, or none."""

Loaded = TypeVar("Loaded")


class Secretive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prints no value of its own."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Template(Secretive, frozen=True, kw_only=True):
    """An approved message template: the platform's id, and our value name → its key."""

    id: Text
    keys: dict[str, str]


class WeChatConfig(Secretive, frozen=True, kw_only=True):
    """The mini-program, and the service account for pages inside WeChat."""

    app_id: Text
    secret: Text
    base_url: str = "https://api.weixin.qq.com"
    authorize_url: str = "https://open.weixin.qq.com/connect/oauth2/authorize"
    push_token: str = ""
    push_keys: list[PushKey] = msgspec.field(default_factory=list)
    """EncodingAESKey; after a change the former one stays second for a day."""
    state: Literal["formal", "trial", "developer"] = "formal"
    templates: dict[str, Template] = msgspec.field(default_factory=dict)
    page_hosts: list[str] = msgspec.field(default_factory=list)
    """Hosts whose pages may be signed for the JS-SDK."""


class AlipayConfig(Secretive, frozen=True, kw_only=True):
    """The mini-program at Alipay; key mode, or certificate mode when the three files are there."""

    app_id: Text
    private_key_file: Path
    public_key_file: Path
    """Alipay's public key, or its certificate in certificate mode."""
    aes_key: AesKey = ""
    base_url: str = "https://openapi.alipay.com"
    authorize_url: str = "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm"
    app_certificate_file: Path | None = None
    root_certificate_file: Path | None = None
    templates: dict[str, Template] = msgspec.field(default_factory=dict)
    picture_hosts: list[str] = msgspec.field(default_factory=lambda: ["mobilecodec.alipay.com"])


class SmsConfig(Secretive, frozen=True, kw_only=True):
    """The text message gateway: JSON over HTTPS, signed with HMAC-SHA256."""

    base_url: Text
    account: Text
    secret: Text


class WeChatPayConfig(Secretive, frozen=True, kw_only=True):
    """WeChat Pay v3 of one merchant."""

    app_id: Text
    merchant: Text
    serial: Text
    """Serial number of the merchant certificate."""
    private_key_file: Path
    api_key: Annotated[str, msgspec.Meta(min_length=32, max_length=32, pattern=r"^[!-~]*\Z")]
    platform_keys: dict[str, Path]
    """`PUB_KEY_ID_…` or a certificate's serial → PEM file; both while one replaces the other."""
    base_url: str = "https://api.mch.weixin.qq.com"


class AlipayTradeConfig(Secretive, frozen=True, kw_only=True):
    """Alipay's trade interface; keys are those of the mini-program."""

    seller_id: Text


class CashierConfig(Secretive, frozen=True, kw_only=True):
    """The finance bureau's hosted cashier."""

    base_url: Text
    account: Text
    secret: Text


class PlatformConfigs(Secretive, frozen=True, kw_only=True):
    """Every platform of this deployment."""

    wechat: WeChatConfig | None = None
    alipay: AlipayConfig | None = None
    city: dict[str, Any] | None = None
    sms: SmsConfig | None = None
    wechat_pay: WeChatPayConfig | None = None
    alipay_trade: AlipayTradeConfig | None = None
    cashier: CashierConfig | None = None
    folder: Path = Path()
    """Where relative file names of the others start."""


def load(path: Path | None, *, production: bool) -> PlatformConfigs:
    """The platforms of the file; none without a file. Raises SettingsError."""
    if path is None:
        return PlatformConfigs()
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
        data["folder"] = str(path.resolve().parent)
        configs = msgspec.convert(data, PlatformConfigs, dec_hook=decode)
    except (OSError, ValueError) as error:
        # A ValidationError names the field, never the value.
        raise SettingsError(f"{path.name}: {type(error).__name__}: {error}") from None
    if production:
        _check_production(path, data)
    return configs


def decode(kind: type, value: object) -> object:
    """Paths for msgspec, which does not know them."""
    if kind is Path or issubclass(kind, Path):
        return Path(str(value))
    raise NotImplementedError(kind)


def _check_production(path: Path, data: dict[str, Any]) -> None:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{path.name} may be readable by its owner only: chmod 600")
    for table, values in data.items():
        if isinstance(values, dict):
            for name, value in values.items():
                if name.endswith("_url") and urlsplit(str(value)).scheme != "https":
                    raise SettingsError(f"{path.name}: {table}.{name} must be an https address")


def read_file(configs: PlatformConfigs, name: Path) -> bytes:
    """A key or certificate file named in the settings. Raises SettingsError."""
    try:
        return (configs.folder / name).read_bytes()
    except OSError as error:
        raise SettingsError(f"{name}: {error.strerror}") from None


def read_key(configs: PlatformConfigs, name: Path, load: Callable[[bytes], Loaded]) -> Loaded:
    """What `load` makes of a key or certificate file. Raises SettingsError, which names the file.

    A library that is given something else raises ValueError, or TypeError for want of a password.
    """
    data = read_file(configs, name)
    try:
        return load(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SettingsError(
            f"{name}: no RSA key or certificate in PEM, without a password"
        ) from None
