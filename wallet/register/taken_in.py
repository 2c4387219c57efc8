"""Licences that were taken in as data: what they are worth, and the word their holders get.

A line of a batch, or the answer of an upstream library, is somebody's word and bears no seal. Until
a second officer has vouched for it, it is shown to its holder as what it is and carries no power:
it is not sealed as ours, not shown to readers, not shared and stands for no document. Each holder
is told what was taken in under the holder's name, a few at a time, so that a batch of a hundred
thousand holds up nobody's other news.
"""

from collections.abc import Sequence
from enum import StrEnum

from core import database, outbox
from core.data import copying
from wallet.errors import OnlyData
from wallet.events import LicenceTakenIn
from wallet.models import Licence, TakenInNotice
from wallet.types import catalogue

AT_ONCE = 100
"""Holders told each time the timer comes round."""


class Origin(StrEnum):
    """How a licence came here."""

    ISSUED = ""
    DATA = "data"
    DOCUMENT = "document"
    """With a seal of its own, which was verified."""


TEXTS = {
    Origin.ISSUED: "",
    Origin.DATA: "由发证部门以数据方式归集",
    Origin.DOCUMENT: "由发证部门连同签章文件归集",
}
UNVOUCHED = "由发证部门以数据方式归集，尚未复核，不能出示"


def is_only_data(licence: Licence) -> bool:
    """Whether nobody but who sent it stands for it: no seal, and no second officer."""
    return not licence.document and not licence.vouched_by


def insist_on_more(licence: Licence) -> None:
    """Raises OnlyData for a licence that is nothing but data."""
    if is_only_data(licence):
        raise OnlyData()


def text_of(licence: Licence) -> str:
    """Where the licence comes from, for its holder; "" for one that was issued here."""
    return UNVOUCHED if is_only_data(licence) else TEXTS[Origin(licence.taken_in_as)]


async def note(licences: Sequence[Licence]) -> None:
    """Have the holders told, in the current transaction."""
    await copying.insert_many([TakenInNotice(licence_id=row.id) for row in licences])


async def tell_waiting() -> int:
    """Tell the next holders (a timer calls it); returns how many."""
    async with database.transaction():
        waiting = await TakenInNotice.all().order_by("id").limit(AT_ONCE)
        licences = {
            row.id: row for row in await Licence.filter(id__in=[one.licence_id for one in waiting])
        }
        for one in waiting:
            licence = licences.get(one.licence_id)
            if licence is not None:
                await outbox.publish(_event(licence), key=str(licence.id))
        await TakenInNotice.filter(id__in=[one.id for one in waiting]).delete()
    return len(waiting)


def _event(licence: Licence) -> LicenceTakenIn:
    type_ = catalogue.get_type(licence.licence_type)
    return LicenceTakenIn(
        licence_id=licence.id,
        subject_id=licence.subject_id,
        licence_type=type_.code,
        licence_name=type_.name,
        authority=type_.issuer_name,
    )
