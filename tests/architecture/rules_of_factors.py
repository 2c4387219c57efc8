"""The rules of the acts on second factors of staff; the words stand in test_rights.py."""

RULES_OF_FACTORS: dict[str, str] = {
    "identity.factors.holding.enrolling": "session trace",
    "identity.factors.holding.insist_on_removal": "session",
    "identity.factors.holding.insist_on_right": "session",
    "identity.factors.holding.standing": "session",
    "identity.factors.one_time.begin": "session",
    "identity.factors.one_time.confirm": "session trace",
    "identity.factors.one_time.remove": "session trace",
    "identity.factors.passkeys.begin": "session",
    "identity.factors.passkeys.enrol": "session trace",
    "identity.factors.passkeys.remove": "session trace",
    "identity.factors.recovery.confirm": "staff:RECOVER_FACTORS second trace",
    "identity.factors.recovery.list_for": "staff:RECOVER_FACTORS",
    "identity.factors.recovery.list_locked": "staff:RECOVER_FACTORS",
    "identity.factors.recovery.refuse": "staff:RECOVER_FACTORS trace",
    "identity.factors.second_step.open_session": "inner",
    "identity.factors.second_step.wait_for": "inner",
}
