"""授权: a holder lets a person, an organisation, a department or a link see fields of a licence.

    offered → accepted → taken back        offered → declined
    (ended and used up follow from the date and the count, and are never stored)

The other side accepts before it sees anything; a link is accepted by whoever brings its code. Each
use counts once, by compare-and-set, and stands in the holder's log.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import F

from core import clock, database, outbox
from core.data import once
from core.protection import audit
from core.protection.protect import blind_index
from identity import queries as identity_queries
from identity.log_in import assurance
from identity.log_in.assurance import Act
from identity.people import named
from identity.principal import Principal
from identity.queries import SubjectView
from wallet.errors import (
    AuthorisationInvalid,
    AuthorisationNotFound,
    AuthorisationOver,
    LicenceNotInForce,
    ShareCodeRefused,
)
from wallet.events import AuthorisationChanged
from wallet.log import access_log
from wallet.log_models import UseKind
from wallet.models import Authorisation, Licence
from wallet.register import status, taken_in
from wallet.register.queries import facts_from
from wallet.share.queries import state_of
from wallet.share_models import AuthorisationState
from wallet.types import catalogue
from wallet.types import facts as facts_of

LONGEST = timedelta(days=366)
LONGEST_LINK = timedelta(days=7)
MOST_USES = 100
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 6
LINK_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Grantee:
    """Whom the holder names: exactly one of an ID number with a name, or a department."""

    id_no: str | None = None
    name: str | None = None
    department: str | None = None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is allowed, what for and how long."""

    fields: Sequence[str]
    purpose: str
    ends_at: datetime
    max_uses: int


@dataclass(frozen=True, kw_only=True)
class Link:
    """What the holder passes on: the address and, by another way, the code."""

    id: UUID
    token: str
    code: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the other side gets to see."""

    licence_name: str
    issuer: str
    state: str
    state_text: str
    purpose: str
    fields: tuple[tuple[str, str], ...]
    uses_left: int


async def offer(
    licence_id: UUID, *, to: Grantee, terms: Terms, by: Principal, asked: once.Asked | None = None
) -> UUID:
    """Offer an authorisation to somebody known.

    Raises StepUpRequired, LicenceNotFound, LicenceNotInForce, AuthorisationInvalid,
    TooManyGuesses, DepartmentNotFound. A number that is unknown, or a name that does not belong to
    it, is answered like any other: only the one who is meant hears of the offer.
    """
    assurance.require(by, Act.SHARE_LICENCE)
    licence = await _own_in_force(licence_id, by)
    _insist_on_terms(licence, terms, longest=LONGEST)
    department = await identity_queries.get_department(to.department) if to.department else None
    subject = await _find_subject(to, by) if department is None else None
    if subject is not None and subject.id in (licence.subject_id, by.person_id):
        raise AuthorisationInvalid("不能授权给自己")
    async with database.transaction():
        row = await Authorisation.create(
            **_common(licence, terms, by),
            grantee_subject_id=subject.id if subject else None,
            grantee_department=department.key if department else None,
            # Without a subject the offer reaches nobody, and nothing tells the two apart.
            grantee_name=department.name if department else (to.name or "").strip(),
            # A department is asked at a counter: its officers need not agree beforehand.
            state=AuthorisationState.ACCEPTED if department else AuthorisationState.OFFERED,
        )
        if subject is not None:
            await _tell(row, subject.id, "offered", f"{by.name}向您授权使用证照，请确认是否接受")
        await _note(row, "offered", by)
        await once.keep(asked, json.dumps(str(row.id)))
    return row.id


async def share(
    licence_id: UUID, *, terms: Terms, by: Principal, asked: once.Asked | None = None
) -> Link:
    """A link that shows the fields once to whoever has it and its code.

    Raises StepUpRequired, LicenceNotFound, LicenceNotInForce, AuthorisationInvalid.
    """
    assurance.require(by, Act.SHARE_LICENCE)
    licence = await _own_in_force(licence_id, by)
    _insist_on_terms(licence, terms, longest=LONGEST_LINK)
    token = secrets.token_urlsafe(LINK_BYTES)
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    values = {**_common(licence, terms, by), "max_uses": 1}
    async with database.transaction():
        row = await Authorisation.create(
            **values,
            grantee_name="持链接和提取码的人",
            link_digest=_digest(token),
            code_digest=_code_digest(token, code),
            state=AuthorisationState.ACCEPTED,
        )
        await _note(row, "shared", by)
        link = {"id": str(row.id), "token": token, "code": code}
        await once.keep(asked, json.dumps(link))
    return Link(id=row.id, token=token, code=code)


async def accept(authorisation_id: UUID, *, by: Principal) -> None:
    """The other side accepts. Raises AuthorisationNotFound, AuthorisationOver."""
    await _decide(authorisation_id, AuthorisationState.ACCEPTED, "对方已接受授权", by)


async def decline(authorisation_id: UUID, *, by: Principal) -> None:
    """The other side does not want it. Raises AuthorisationNotFound, AuthorisationOver."""
    await _decide(authorisation_id, AuthorisationState.DECLINED, "对方未接受授权", by)


async def take_back(authorisation_id: UUID, *, by: Principal) -> None:
    """The holder ends it now; it was not used in between or the use came first.

    Raises AuthorisationNotFound, AuthorisationOver.
    """
    row = await Authorisation.get_or_none(id=authorisation_id, subject_id=by.applicant_id)
    if row is None:
        raise AuthorisationNotFound()
    living = [AuthorisationState.OFFERED, AuthorisationState.ACCEPTED]
    async with database.transaction():
        changed = await Authorisation.filter(id=row.id, state__in=living).update(
            state=AuthorisationState.TAKEN_BACK, ended_at=clock.now()
        )
        if not changed:
            raise AuthorisationOver(state=row.state.value)
        if row.grantee_subject_id is not None:
            await _tell(row, row.grantee_subject_id, "taken_back", "持证人已收回授权")
        await _note(row, "taken-back", by)


async def use(authorisation_id: UUID, *, purpose: str, by: Principal) -> Seen:
    """The other side looks.

    Raises StepUpRequired, AuthorisationNotFound, AuthorisationOver, LicenceNotInForce.
    """
    assurance.require(by, Act.SEE_SHARED)
    row = await Authorisation.get_or_none(id=authorisation_id)
    if row is None or not _is_grantee(row, by):
        raise AuthorisationNotFound()
    look = access_log.Look.by(
        by, UseKind.AUTHORISED, ground=_ground(row), purpose=purpose or row.purpose
    )
    return await _use(row, look)


async def open_link(token: str, code: str, *, by: Principal | None) -> Seen:
    """Somebody brings a link and its code. Raises ShareCodeRefused for whatever is wrong."""
    row = await Authorisation.get_or_none(link_digest=_digest(token))
    if row is None or state_of(row) != "accepted":
        raise ShareCodeRefused()
    # The try is taken before the code is compared: many at once get no more of them than one.
    taken = await Authorisation.filter(id=row.id, tries_left__gt=0).update(
        tries_left=F("tries_left") - 1
    )
    if not taken or not hmac.compare_digest(_code_digest(token, code), row.code_digest or ""):
        raise ShareCodeRefused()
    look = access_log.Look(
        kind=UseKind.LINK,
        who=by.actor if by else "public:link",
        who_name=by.name if by else "未登录的链接打开者",
        ground=_ground(row),
        purpose=row.purpose,
    )
    try:
        return await _use(row, look)
    except AuthorisationOver:
        raise ShareCodeRefused() from None


async def _use(row: Authorisation, look: access_log.Look) -> Seen:
    licence = await Licence.get(id=row.licence_id)
    state = status.state_of(licence, clock.today())
    if not state.in_force:
        raise LicenceNotInForce(f"证照{state.text}", state=state.value)
    shown = _shown(licence, row.fields_granted)
    complete = access_log.replace_fields(look, [label for label, _ in shown])
    async with database.transaction():
        counted = await Authorisation.filter(
            id=row.id,
            state=AuthorisationState.ACCEPTED,
            used__lt=F("max_uses"),
            ends_at__gt=clock.now(),
        ).update(used=F("used") + 1)
        if not counted:
            now = await Authorisation.get(id=row.id)
            raise AuthorisationOver(state=state_of(now))
        await access_log.record(licence, complete)
        await audit.record(
            actor=look.who,
            action="authorisation.use",
            target=f"authorisation:{row.id}",
            detail={"licence": str(licence.id)},
        )
    type_ = catalogue.get_type(licence.licence_type)
    return Seen(
        licence_name=type_.name,
        issuer=type_.issuer_name,
        state=state.value,
        state_text=state.text,
        purpose=row.purpose,
        fields=tuple(shown),
        uses_left=max(row.max_uses - row.used - 1, 0),
    )


async def _decide(
    authorisation_id: UUID, state: AuthorisationState, text: str, by: Principal
) -> None:
    row = await Authorisation.get_or_none(id=authorisation_id, grantee_subject_id=by.applicant_id)
    if row is None:
        raise AuthorisationNotFound()
    async with database.transaction():
        changed = await Authorisation.filter(
            id=row.id, state=AuthorisationState.OFFERED, ends_at__gt=clock.now()
        ).update(state=state, decided_at=clock.now())
        if not changed:
            raise AuthorisationOver(state=state_of(row))
        await _tell(row, row.subject_id, state.value, text)
        await _note(row, state.value, by)


async def _own_in_force(licence_id: UUID, by: Principal) -> Licence:
    licence = await status.own_licence(licence_id, by=by)
    state = status.state_of(licence, clock.today())
    if not state.in_force:
        raise LicenceNotInForce(f"证照{state.text}", state=state.value)
    taken_in.insist_on_more(licence)
    return licence


def _insist_on_terms(licence: Licence, terms: Terms, *, longest: timedelta) -> None:
    type_ = catalogue.get_type(licence.licence_type)
    unknown = [key for key in terms.fields if type_.field(key) is None]
    if unknown or not terms.fields:
        raise AuthorisationInvalid("请选择这张证照上的字段，至少一项")
    if not terms.purpose.strip():
        raise AuthorisationInvalid("请写明用途")
    now = clock.now()
    if not now < terms.ends_at <= now + longest:
        raise AuthorisationInvalid(f"结束时间须在今后{longest.days}天之内")
    if not 1 <= terms.max_uses <= MOST_USES:
        raise AuthorisationInvalid(f"使用次数为1至{MOST_USES}次")


async def _find_subject(to: Grantee, by: Principal) -> SubjectView | None:
    if not to.id_no or not to.name:
        raise AuthorisationInvalid("请填写对方的姓名（名称）和证件号码")
    return await named.find(to.id_no, to.name, by=by)


def _common(licence: Licence, terms: Terms, by: Principal) -> dict[str, Any]:
    return {
        "licence_id": licence.id,
        "licence_type": licence.licence_type,
        "subject_id": licence.subject_id,
        "granted_by": by.actor,
        "fields_granted": list(dict.fromkeys(terms.fields)),
        "purpose": terms.purpose.strip(),
        "max_uses": terms.max_uses,
        "created_at": clock.now(),
        "ends_at": terms.ends_at,
    }


def _is_grantee(row: Authorisation, by: Principal) -> bool:
    if row.grantee_department is not None:
        return by.department == row.grantee_department
    own = by.acting_for or by.subject_id
    return own is not None and row.grantee_subject_id == own


def _ground(row: Authorisation) -> str:
    return f"持证人授权 {row.id}"


def _shown(licence: Licence, keys: Sequence[str]) -> list[tuple[str, str]]:
    type_, facts = catalogue.get_type(licence.licence_type), facts_from(licence)
    return [
        (item.label, facts_of.show(item, facts[item.key]))
        for item in type_.fields
        if item.key in keys and item.key in facts
    ]


async def _tell(row: Authorisation, subject_id: UUID, change: str, text: str) -> None:
    event = AuthorisationChanged(
        authorisation_id=row.id,
        licence_id=row.licence_id,
        licence_name=catalogue.get_type(row.licence_type).name,
        recipient_subject_id=subject_id,
        change=change,
        text=text,
    )
    await outbox.publish(event, key=str(row.id))


async def _note(row: Authorisation, act: str, by: Principal) -> None:
    await audit.record(
        actor=by.actor,
        action=f"authorisation.{act}",
        target=f"authorisation:{row.id}",
        detail={"licence": str(row.licence_id)},
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _code_digest(token: str, code: str) -> str:
    return blind_index(f"{token}/{code.strip().upper()}", purpose="wallet.share-code")
