"""The first account of an installation: made by command, because nobody is there to make it.

There is one, whoever tries and how often: its row has the only key the table can hold. While fewer
than two others keep accounts, nobody at the desk could help a keeper who lost the password; the
server's command does (`restart`).
"""

import re
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core.database import transaction
from identity import changes, errors
from identity.models import FirstOfficer, Officer, State
from identity.staff import passwords
from identity.staff.roles import Role

STAFF_NO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,31}")


def check_staff_no(staff_no: str) -> str:
    """The number as it is stored. Raises InvalidStaffNo."""
    if not STAFF_NO.fullmatch(staff_no):
        raise errors.InvalidStaffNo()
    return staff_no


async def make(staff_no: str, *, name: str) -> str:
    """The first keeper of accounts; returns the start password, which is nowhere else.

    Raises InvalidStaffNo, StaffNoTaken, FirstOfficerExists; the latter also where somebody keeps
    accounts already.
    """
    check_staff_no(staff_no)
    start = await passwords.new_start()
    try:
        async with transaction():
            await _make(staff_no, name, start)
    except IntegrityError:
        raise errors.FirstOfficerExists() from None
    return start.plain


async def restart(staff_no: str) -> str:
    """A new start password for a keeper of accounts whom no two others can help; returns it.

    The account is unlocked, and its time goes on if it was over.
    Raises OfficerNotFound for whoever keeps no accounts, KeepersAtWork.
    """
    start = await passwords.new_start()
    async with transaction():
        officer = await Officer.get_or_none(staff_no=staff_no, state=State.ACTIVE)
        if officer is None or Role.ACCOUNT_KEEPER not in officer.roles:
            raise errors.OfficerNotFound()
        if len(await keepers_at_work(besides={officer.id})) > 1:
            raise errors.KeepersAtWork()
        await Officer.filter(id=officer.id).update(locked_at=None, valid_to=None)
        await passwords.put(officer.id, start, by=changes.COMMAND)
        await changes.note(
            changes.MACHINE,
            "start-password-made",
            target=changes.officer_target(officer.id),
            name=officer.name,
        )
    return start.plain


async def keepers_at_work(*, besides: set[UUID]) -> list[UUID]:
    """Who keeps accounts and has set an own password: only they can be asked for a hand."""
    rows = await Officer.filter(state=State.ACTIVE, start_until=None).only("id", "roles")
    return [row.id for row in rows if Role.ACCOUNT_KEEPER in row.roles and row.id not in besides]


async def _make(staff_no: str, name: str, start: passwords.StartPassword) -> None:
    """Raises IntegrityError when somebody else is making the first officer at this moment."""
    rows = await Officer.all().only("id", "staff_no", "roles")
    if any(Role.ACCOUNT_KEEPER in row.roles for row in rows):
        raise errors.FirstOfficerExists()
    if any(row.staff_no == staff_no for row in rows):
        raise errors.StaffNoTaken()
    officer = await Officer.create(
        staff_no=staff_no,
        name=name,
        password_hash="",
        roles=[Role.ACCOUNT_KEEPER.value],
        department_id=None,
    )
    await FirstOfficer.create(id=1, officer_id=officer.id)
    await passwords.put(officer.id, start, by=changes.COMMAND)
    await changes.note(
        changes.MACHINE,
        "first-officer-made",
        target=changes.officer_target(officer.id),
        name=name,
        detail={"staff_no": staff_no, "roles": [Role.ACCOUNT_KEEPER.value]},
    )
