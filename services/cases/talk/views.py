"""Messages as one of the two sides sees them."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from identity.principal import Principal, PrincipalKind
from services.cases.models import Case, Message, MessagePicture
from services.cases.shapes import MessagePictureView, MessageView
from services.guides import catalogue

_PICTURES = {
    PrincipalKind.CITIZEN: "/api/citizen/message-pictures",
    PrincipalKind.OFFICER: "/api/staff/message-pictures",
}


async def of(rows: Sequence[Message], *, case: Case, by: Principal) -> list[MessageView]:
    """The messages for the caller, in the order given.

    An applicant hears the department, an officer sees which colleague wrote: the office answers,
    not the person.
    """
    pictures: dict[UUID, list[MessagePicture]] = defaultdict(list)
    for picture in await MessagePicture.filter(message_id__in=[row.id for row in rows]):
        pictures[picture.message_id].append(picture)
    office = (await catalogue.snapshot()).department_name(case.department)
    shown = []
    for row in rows:
        hides_name = by.kind is PrincipalKind.CITIZEN and row.side == "office"
        mine = row.author_id == by.id
        shown.append(
            MessageView(
                n=row.n,
                side=str(row.side),
                mine=mine,
                author_text=office if hides_name else row.author_name,
                text=row.text,
                pictures=[
                    picture_view(one, by=by)
                    for one in sorted(pictures[row.id], key=lambda one: one.place)
                ],
                sent_at=row.sent_at,
                client_key=row.client_key if mine else None,
            )
        )
    return shown


def picture_view(row: MessagePicture, *, by: Principal) -> MessagePictureView:
    return MessagePictureView(
        id=row.id,
        media_type=row.media_type,
        size=row.size,
        url=f"{_PICTURES[by.kind]}/{row.id}/content",
    )
