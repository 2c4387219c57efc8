"""The profile of a city app: where to ask, how names are called there, whom to believe.

No specification of such apps is public; what is known of three of them fits this shape. Every value
comes from the operator's settings file, none from a request.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from core.settings import SettingsError
from miniapp_bridge.config import Secretive, Text, decode
from miniapp_bridge.connector import PlatformIdentity, RealName
from miniapp_bridge.errors import BadAnswer

IDENTITY_CARD = "111"


class Claims(Secretive, frozen=True, kw_only=True):
    """Our name → the dotted path of the app's own. Empty: the app does not tell."""

    user_id: Text = "sub"
    name: str = ""
    id_no: str = ""
    phone: str = ""
    level: str = ""
    organisation_code: str = ""


class Profile(Secretive, frozen=True, kw_only=True):
    """How one city app is spoken to."""

    kind: Literal["oidc", "oauth2_code", "ticket", "token_in_url"] = "oidc"
    client_id: Text
    secret: str = ""
    authorize_url: str = ""
    token_url: str = ""
    userinfo_url: str = ""
    jwks_url: str = ""
    issuer: str = ""
    client_auth: Literal["basic", "post", "hmac", "hook"] = "basic"
    hook: Text = "sm2"
    """With `client_auth = "hook"`: which of the program's signers signs the requests."""
    key_file: Path | None = None
    """The private key of the signer, PEM, beside the settings file."""
    code_param: Text = "code"
    """The parameter of our address that the browser comes back with."""
    accept_token_in_url: bool = False
    """`token_in_url` puts an access token into address bars and the logs of proxies. It must be
    asked for twice."""
    params_in: Literal["form", "json", "query"] = "form"
    names: dict[str, str] = msgspec.field(default_factory=dict)
    """Our parameter name → theirs, e.g. `code = "ticketId"`."""
    static: dict[str, str] = msgspec.field(default_factory=dict)
    success_path: str = ""
    success_value: str = ""
    """Numbers and truth values as JSON writes them: `0`, `true`."""
    data_path: str = ""
    """Where in an answer the fields lie."""
    claims: Claims = Claims()
    levels: dict[str, int] = msgspec.field(default_factory=dict)
    """The app's real-name states → 0 to 4; a state that is not listed is 0."""
    least_level: Annotated[int, msgspec.Meta(ge=1, le=4)] = 3
    """From which level on the app's word for a real name is taken."""
    ticket_seconds: Annotated[int, msgspec.Meta(ge=30, le=600)] = 300


def read(table: Mapping[str, Any]) -> Profile:
    """The profile of a settings table. Raises SettingsError."""
    try:
        profile = msgspec.convert(dict(table), Profile, dec_hook=decode)
    except msgspec.ValidationError as error:
        raise SettingsError(f"city: {error}") from None
    if profile.kind == "oidc" and not (profile.jwks_url and profile.issuer):
        raise SettingsError("city: oidc needs jwks_url and issuer")
    if profile.kind != "oidc" and not profile.userinfo_url:
        raise SettingsError(f"city: {profile.kind} needs userinfo_url")
    if profile.kind == "token_in_url" and not profile.accept_token_in_url:
        raise SettingsError("city: token_in_url is unsafe; say accept_token_in_url = true as well")
    if profile.kind != "token_in_url" and not profile.token_url:
        raise SettingsError(f"city: {profile.kind} needs token_url")
    return profile


def find(data: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for step in path.split(".") if path else ():
        if not isinstance(data, Mapping):
            return None
        data = data.get(step)
    return data


def fields_of(profile: Profile, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of an answer that says it went well. Raises BadAnswer."""
    if profile.success_path and _word(answer, profile.success_path) != profile.success_value:
        raise BadAnswer("the city app says it did not go well")
    data = find(answer, profile.data_path)
    if not isinstance(data, Mapping):
        raise BadAnswer("no fields in the answer")
    return data


def identity(profile: Profile, fields: Mapping[str, Any]) -> PlatformIdentity:
    """Who the fields stand for. A real name is believed from the profile's level on."""
    claims = profile.claims
    user_id = _text(fields, claims.user_id)
    if not user_id:
        raise BadAnswer("no user in the answer")
    level = profile.levels.get(_word(fields, claims.level) or "", 0)
    name, number = _text(fields, claims.name), _text(fields, claims.id_no)
    real_name = None
    if level >= profile.least_level and name and number:
        real_name = RealName(id_type=IDENTITY_CARD, id_no=number, name=name)
    return PlatformIdentity(
        platform="city",
        user_id=user_id,
        real_name=real_name,
        phone=_text(fields, claims.phone) or None,
        organisation_code=_text(fields, claims.organisation_code) or None,
    )


def _text(fields: Mapping[str, Any], path: str) -> str:
    """What names or numbers somebody. A truth value is nobody's: all would be one person."""
    value = find(fields, path) if path else None
    return (
        str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    )


def _word(fields: Mapping[str, Any], path: str) -> str | None:
    """A state as the settings spell it: truth values as in JSON. None for what is no state."""
    value = find(fields, path) if path else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int) else None
