"""核验 at a counter: one engine for the three codes a holder can show.

Whatever was read, the answer is a verdict with checks, and a `Verification` row says who looked, at
whose licence, what for and on which ground. Bad codes are verdicts too; only a request that cannot
be processed at all is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID, uuid5

from tortoise.exceptions import IntegrityError

from core import clock, database, outbox
from core.data import pages
from core.data.pages import Page, Section
from core.protection import audit
from identity import queries as identity_queries
from identity.principal import Principal
from wallet.check import disclosure
from wallet.check.disclosure import Scope, ShownLicence
from wallet.check.offline import Looked, look_at_pass, look_at_printed
from wallet.desk import Desk
from wallet.events import LicencePresented
from wallet.log import access_log
from wallet.log_models import UseKind
from wallet.models import Licence, Verification, VerificationKind
from wallet.register import status
from wallet.seal.checks import document_checks
from wallet.show import pass_origins, present
from wallet.show.present import Redeemed, Redemption
from wallet.types import catalogue, codes, verdict
from wallet.types.codes import Kind
from wallet.types.verdict import Check, Outcome, Reason, Verdict

REFUSALS = {
    Redemption.USED: Reason.CODE_USED,
    Redemption.STOPPED: Reason.CODE_STOPPED,
    Redemption.EXPIRED: Reason.CODE_EXPIRED,
    # A code nobody knows was lost with Redis, is long dead, or was made up: all alike refused.
    Redemption.UNKNOWN: Reason.CODE_EXPIRED,
}

GROUNDS = {Kind.ONLINE: "holder-shown", Kind.OFFLINE_PASS: "holder-shown", Kind.PRINTED: "copy"}
"""On which ground licence data may be given: the holder shows it, or hands over the paper."""

GROUND_WORDS = {
    Kind.ONLINE: "持证人出示二维码",
    Kind.OFFLINE_PASS: "持证人出示离线证照码",
    Kind.PRINTED: "持有打印件",
}
"""The same for the holder's log."""

SHOWINGS = UUID("6e7bd0a4-8b62-4f0e-a6a5-5f0f1c7f3d52")
"""Name space of the looks at passes."""


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What a reader looks for: nobody is told anything without it."""

    purpose: str
    item_code: str | None = None
    case_no: str | None = None
    scope: Scope | None = None
    """What the item asks for; None without an item."""


@dataclass(frozen=True, kw_only=True)
class CodeAnswer:
    """What the counter is told."""

    verification_id: UUID
    at: datetime
    kind: str
    """online, offline_pass or printed; "" when the text was no code of ours."""
    verdict: Verdict
    purpose: str
    licence: ShownLicence | None


@dataclass(frozen=True, kw_only=True)
class EarlierReading:
    """What a counter was told before, in a list."""

    verification_id: UUID
    at: datetime
    verdict: Verdict
    purpose: str
    licence_name: str | None
    """None when it was told of no licence."""


async def verify_code(text: str, *, errand: Errand, by: Principal, desk: Desk) -> CodeAnswer:
    """Read a code at a counter and judge the licence as it is now."""
    kind = codes.kind_of(text)
    reading = Reading.of(by, errand=errand, kind=kind)
    if kind is Kind.OFFLINE_PASS:
        return await answer(reading, await look_at_pass(text, at=clock.now(), desk=desk))
    if kind is Kind.PRINTED:
        return await answer(reading, await look_at_printed(text, desk=desk))
    code = codes.parse(text)
    if code is None:
        unreadable = kind is Kind.UNREADABLE
        reason = Reason.UNREADABLE if unreadable else Reason.NOT_A_LICENCE_CODE
        return await answer(reading, Looked(result=verdict.refused(reason, check="code")))
    return await _redeem(code, reading, by=by, desk=desk)


async def list_today(
    *, by: Principal, after: str | None = None, limit: int = 20
) -> Page[EarlierReading]:
    """What this counter read today, newest first. Raises WrongPlace.

    Of the licences it says what they are called; nothing of them is decrypted for it.
    """
    start = datetime.combine(clock.today(), time.min, tzinfo=clock.SHANGHAI)
    today = Verification.filter(reader=by.actor, kind=VerificationKind.CODE, at__gte=start)
    rows = await pages.read(Section("read-today", today, ("at", "id")), after=after, limit=limit)
    read = [row.licence_id for row in rows if row.licence_id is not None]
    types = dict(await Licence.filter(id__in=read).values_list("id", "licence_type"))
    return rows.map(lambda row: _earlier(row, types.get(row.licence_id)))


def _earlier(row: Verification, licence_type: str | None) -> EarlierReading:
    told = licence_type is not None and row.verdict != verdict.CANNOT_TELL
    return EarlierReading(
        verification_id=row.id,
        at=row.at,
        verdict=stored_verdict(row),
        purpose=row.purpose,
        licence_name=catalogue.get_type(licence_type).name if told and licence_type else None,
    )


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Who looks, where, what for, and at which kind of code."""

    actor: str
    name: str
    department: str | None
    hall: str
    errand: Errand
    kind: Kind
    read_at: datetime | None = None
    request_key: str | None = None

    @classmethod
    def of(
        cls,
        by: Principal,
        *,
        errand: Errand,
        kind: Kind,
        read_at: datetime | None = None,
        request_key: str | None = None,
    ) -> "Reading":
        return cls(
            actor=by.actor,
            name=by.name,
            department=by.department,
            hall=by.hall,
            errand=errand,
            kind=kind,
            read_at=read_at,
            request_key=request_key,
        )


async def _redeem(code: str, reading: Reading, *, by: Principal, desk: Desk) -> CodeAnswer:
    redeemed = await present.redeem(code, by=by, redis=desk.redis, reader_name=reading.name)
    if redeemed.outcome in REFUSALS:
        refusal = verdict.refused(REFUSALS[redeemed.outcome], check="code")
        return await answer(reading, Looked(result=refusal))
    digest = codes.digest(code)
    if redeemed.outcome is Redemption.AGAIN:
        before = await earlier(reading, digest)
        if before is not None:
            return before
    return await answer(reading, await _look_at_licence(redeemed, digest, desk), redeemed)


async def _look_at_licence(redeemed: Redeemed, digest: str, desk: Desk) -> Looked:
    now = clock.now()
    found = await status.find_with_doubt(redeemed.licence_id) if redeemed.licence_id else None
    if found is None:
        return Looked(result=verdict.refused(Reason.NOT_A_LICENCE_CODE, check="code"))
    licence, in_doubt = found
    state = status.state_of(licence, clock.local(now).date())
    checks = [
        Check(name="code", outcome=Outcome.PASS, detail="二维码有效，首次使用"),
        await _showing(redeemed, licence, now),
        verdict.state_check(state, valid_to=licence.valid_to, at=now),
        *await document_checks(licence, desk=desk, in_doubt=in_doubt),
    ]
    return Looked(result=verdict.combine(checks), licence=licence, digest=digest)


async def _showing(redeemed: Redeemed, licence: Licence, now: datetime) -> Check:
    if redeemed.person_id is None:
        raise ValueError("a code that was redeemed names who showed it")
    return await pass_origins.check_showing(
        redeemed.session_id, redeemed.person_id, licence.subject_id, at=now
    )


async def answer(reading: Reading, looked: Looked, redeemed: Redeemed | None = None) -> CodeAnswer:
    """Write the row, tell the holder, and give the answer."""
    if looked.licence is not None:
        scope = disclosure.scope_check(reading.errand.scope, looked.licence.licence_type)
        looked = looked.with_check(scope)
    try:
        row = await _write(reading, looked, redeemed)
    except IntegrityError:
        # The same counter read the same code twice at once: both get the first answer.
        before = await earlier(reading, looked.digest or "")
        if before is not None:
            return before
        # Only the entry of a pass it handed in before was there already: none is written then.
        row = await _write(reading, looked, redeemed)
    return _from_row(
        row,
        looked.licence,
        looked.result,
        scope=reading.errand.scope,
        chosen=looked.chosen,
    )


async def earlier(reading: Reading, digest: str) -> CodeAnswer | None:
    """What this reader was answered when it read this code before."""
    row = await Verification.get_or_none(reader=reading.actor, presentation=digest)
    if row is None and reading.request_key is not None:
        row = await Verification.get_or_none(reader=reading.actor, request_key=reading.request_key)
    if row is None:
        return None
    licence = await status.find_licence(row.licence_id) if row.licence_id else None
    return _from_row(row, licence, scope=reading.errand.scope)


async def _write(reading: Reading, looked: Looked, redeemed: Redeemed | None) -> Verification:
    licence, result, errand = looked.licence, looked.result, reading.errand
    person_id = await _person(licence, redeemed)
    known = reading.kind in GROUNDS
    async with database.transaction():
        row = Verification(
            kind=VerificationKind.CODE,
            at=clock.now(),
            read_at=reading.read_at,
            licence_id=licence.id if licence else None,
            subject_id=licence.subject_id if licence else None,
            verdict=result.verdict,
            reasons=list(result.reasons),
            checks=[check.to_dict() for check in result.checks],
            reader=reading.actor,
            reader_name=reading.name,
            department=reading.department,
            hall=reading.hall,
            purpose=errand.purpose,
            item_code=errand.item_code,
            case_no=errand.case_no,
            code_kind=reading.kind.value if known else "",
            ground=GROUNDS[reading.kind] if known and licence is not None else "",
            presentation=looked.digest,
            request_key=reading.request_key,
        )
        database.insert_last(row)
        use_id = _use_id(reading, looked)
        if licence is not None and not await access_log.is_recorded(use_id):
            await access_log.record(licence, _look(reading, looked, row), tell=False, use_id=use_id)
            if person_id is not None:
                await _tell_holder(row, licence, person_id, redeemed)
        await audit.record(
            actor=reading.actor,
            action="licence.verify",
            target=f"licence:{licence.id}" if licence else f"verification:{row.id}",
            detail={
                "verdict": result.verdict,
                "reasons": list(result.reasons),
                "ground": row.ground,
                "item": errand.item_code,
                "case": errand.case_no,
            },
        )
    return row


def _use_id(reading: Reading, looked: Looked) -> UUID | None:
    """One showing of a pass is one look of a reader, however often it is handed in."""
    if looked.showing is None:
        return None
    return uuid5(SHOWINGS, f"{reading.actor}\n{looked.showing}")


def _look(reading: Reading, looked: Looked, row: Verification) -> access_log.Look:
    """What the holder's log says: the labels are those of the fields the counter was shown."""
    errand = reading.errand
    face = _face(row, looked.licence, scope=errand.scope, chosen=looked.chosen)
    ground = GROUND_WORDS[reading.kind]
    if reading.read_at is not None:
        ground += f"（离线核验，读码时间 {clock.local(reading.read_at):%Y-%m-%d %H:%M:%S}）"
    return access_log.Look(
        kind=UseKind.CODE,
        who=reading.actor,
        who_name=reading.name,
        department=reading.department or "",
        terminal=reading.hall,
        purpose=errand.purpose,
        item_code=errand.item_code or "",
        case_no=errand.case_no or "",
        ground=ground,
        fields_seen=[field.label for field in face.fields] if face else [],
        verdict=looked.result.verdict,
        reasons=looked.result.reasons,
    )


async def _person(licence: Licence | None, redeemed: Redeemed | None) -> UUID | None:
    """Whom to tell: who showed the code, or who answers for the holder."""
    if redeemed is not None and redeemed.person_id is not None:
        return redeemed.person_id
    if licence is None:
        return None
    return await identity_queries.find_responsible_person(licence.subject_id)


async def _tell_holder(
    row: Verification, licence: Licence, person_id: UUID, redeemed: Redeemed | None
) -> None:
    presentation_id = redeemed.presentation_id if redeemed is not None else None
    event = LicencePresented(
        licence_id=licence.id,
        subject_id=licence.subject_id,
        person_id=person_id,
        licence_type=licence.licence_type,
        licence_name=catalogue.get_type(licence.licence_type).name,
        counter_name=row.reader_name,
        department=row.department or "",
        verdict=row.verdict,
        at=row.read_at or row.at,
        presentation_id=presentation_id or row.id,
    )
    await outbox.publish(event, key=str(licence.id))


def _from_row(
    row: Verification,
    licence: Licence | None,
    result: Verdict | None = None,
    *,
    scope: Scope | None = None,
    chosen: Mapping[str, str] | None = None,
) -> CodeAnswer:
    """`chosen` are the fields of a pass; a pass read earlier shows none of them again."""
    return CodeAnswer(
        verification_id=row.id,
        at=row.at,
        kind=row.code_kind,
        verdict=result or stored_verdict(row),
        purpose=row.purpose,
        licence=_face(row, licence, scope=scope, chosen=chosen),
    )


def _face(
    row: Verification,
    licence: Licence | None,
    *,
    scope: Scope | None,
    chosen: Mapping[str, str] | None,
) -> ShownLicence | None:
    if licence is None or row.verdict == verdict.CANNOT_TELL:
        return None
    if chosen is None and row.code_kind == Kind.OFFLINE_PASS:
        chosen = {}
    return disclosure.shown_licence(licence, row.at, scope=scope, chosen=chosen)


def stored_verdict(row: Verification) -> Verdict:
    """The verdict as it was given."""
    title, following = verdict.title_of(row.verdict, row.reasons, code=True)
    return Verdict(
        verdict=row.verdict,
        reasons=tuple(row.reasons),
        title=title,
        next=following,
        checks=tuple(Check.from_dict(check) for check in row.checks),
    )
