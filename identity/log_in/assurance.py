"""How surely somebody is who they say, and what each act asks for. Pure.

The measure follows the three classes of GB/T 40660 and of the national identity platform: knowing a
phone, holding an account bound to a proven real name, and having been confirmed just now.
"""

from enum import IntEnum, StrEnum

from identity.errors import StepUpRequired
from identity.principal import Principal


class Level(IntEnum):
    """Higher is surer."""

    BASIC = 1
    """A one-time code to the phone of a bound account."""
    REAL_NAME = 2
    """An account of an app that is bound to a proven real name."""
    CONFIRMED = 3
    """Face or certificate compared within the last minutes."""


class Act(StrEnum):
    """What a citizen does, as far as assurance minds."""

    SUBMIT = "submit"
    SHOW_LICENCE = "show_licence"
    REVEAL_LICENCE = "reveal_licence"
    TAKE_DOCUMENT = "take_document"
    SHARE_LICENCE = "share_licence"
    SEE_SHARED = "see_shared"
    PREFILL = "prefill"
    """To have forms filled in from licences and papers."""
    CHANGE_ADDRESS = "change_address"
    """Where notices go."""
    PAY = "pay"
    ACT_FOR = "act_for"
    MANAGE_ACCOUNTS = "manage_accounts"
    GRANT_MANDATE = "grant_mandate"
    REPRESENT = "represent"
    """To become known as who represents an organisation."""
    SIGN_FORM = "sign_form"


NEEDED: dict[Act, Level] = {
    Act.SUBMIT: Level.REAL_NAME,
    Act.SHOW_LICENCE: Level.REAL_NAME,
    Act.REVEAL_LICENCE: Level.REAL_NAME,
    Act.TAKE_DOCUMENT: Level.REAL_NAME,
    Act.SHARE_LICENCE: Level.REAL_NAME,
    Act.SEE_SHARED: Level.REAL_NAME,
    Act.PREFILL: Level.REAL_NAME,
    Act.CHANGE_ADDRESS: Level.REAL_NAME,
    Act.PAY: Level.BASIC,
    Act.ACT_FOR: Level.REAL_NAME,
    Act.MANAGE_ACCOUNTS: Level.CONFIRMED,
    Act.GRANT_MANDATE: Level.CONFIRMED,
    Act.REPRESENT: Level.CONFIRMED,
    Act.SIGN_FORM: Level.CONFIRMED,
}

OF_ORGANISATION = frozenset({Act.GRANT_MANDATE, Act.SIGN_FORM})
"""What may be done in an organisation's name: here its certificate confirms as a face does."""

OF_PLATFORM = {"browser": Level.BASIC}
STEP_UP_MINUTES = 15


def of_platform(platform: str) -> Level:
    """What a sign-in by a platform is worth."""
    return OF_PLATFORM.get(platform, Level.REAL_NAME)


def level(principal: Principal, act: Act) -> Level:
    """How surely this is somebody who may do `act`."""
    if principal.certified and act in OF_ORGANISATION:
        return Level.CONFIRMED
    return Level(principal.assurance)


def suffices(principal: Principal, act: Act) -> bool:
    """Whether this is sure enough for `act`."""
    return level(principal, act) >= NEEDED[act]


def require(principal: Principal, act: Act) -> None:
    """Raises StepUpRequired when the person must be confirmed first."""
    if not suffices(principal, act):
        raise StepUpRequired(needed=int(NEEDED[act]), act=act.value)
