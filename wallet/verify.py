"""核验: check a code a holder shows, a document someone posts, or values someone holds.

Whatever was looked at, the answer is a verdict with checks, and a `Verification` row is written.
Bad codes are verdicts too; only a request that cannot be processed at all is an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from redis.asyncio import Redis
from tortoise.exceptions import IntegrityError

from core import audit, clock, database, offload, outbox
from core.blobs import BlobNotFound, Blobs, DamagedBlob
from identity import queries as identity_queries
from identity.principal import Principal
from signing import SealReport, TrustList
from signing import verify_document as verify_seal
from wallet import catalogue, codes, masking, present, status, uses, verdict
from wallet import facts as facts_of
from wallet.events import LicencePresented
from wallet.log_models import UseKind
from wallet.models import Licence, Verification, VerificationKind
from wallet.present import Redeemed, Redemption
from wallet.queries import facts_from, holder_masked
from wallet.verdict import Check, Outcome, Reason, Verdict

REFUSALS = {
    Redemption.USED: Reason.CODE_USED,
    Redemption.STOPPED: Reason.CODE_STOPPED,
    Redemption.EXPIRED: Reason.CODE_EXPIRED,
    # A code nobody knows was lost with Redis, is long dead, or was made up: all alike refused.
    Redemption.UNKNOWN: Reason.CODE_EXPIRED,
}

KIND_REFUSALS = {
    codes.Kind.UNREADABLE: Reason.UNREADABLE,
    codes.Kind.OTHER: Reason.NOT_A_LICENCE_CODE,
    codes.Kind.PRINTED: Reason.NOT_A_LICENCE_CODE,
    codes.Kind.OFFLINE_PASS: Reason.UNSUPPORTED,
}


@dataclass(frozen=True, kw_only=True)
class ShownField:
    """One field of the licence as a counter may see it."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class ShownLicence:
    """The face that a counter may see: masked as the type asks, nothing beyond it."""

    type: str
    name: str
    holder_masked: str
    number_masked: str
    issuer: str
    state: str
    valid_to: str | None
    fields: tuple[ShownField, ...]


@dataclass(frozen=True, kw_only=True)
class CodeAnswer:
    """What the counter is told."""

    verification_id: UUID
    at: datetime
    verdict: Verdict
    purpose: str
    licence: ShownLicence | None


async def verify_code(
    text: str,
    *,
    purpose: str,
    item_code: str | None,
    by: Principal,
    redis: Redis,
    blobs: Blobs,
    trust: TrustList,
) -> CodeAnswer:
    """Read a code at a counter: redeem it, look at the licence as it is now, check its seal."""
    code, kind = codes.parse(text), codes.kind_of(text)
    reader = await _Reader.of(by, purpose=purpose, item_code=item_code)
    if code is None:
        reason = KIND_REFUSALS.get(kind, Reason.NOT_A_LICENCE_CODE)
        return await _answer(reader, verdict.refused(reason, check="code"))
    redeemed = await present.redeem(code, by=by, redis=redis, reader_name=reader.name)
    if redeemed.outcome in REFUSALS:
        refusal = verdict.refused(REFUSALS[redeemed.outcome], check="code")
        return await _answer(reader, refusal)
    digest = codes.digest(code)
    if redeemed.outcome is Redemption.AGAIN:
        before = await _earlier(reader, digest)
        if before is not None:
            return before
    return await _check_licence(redeemed, digest, reader=reader, blobs=blobs, trust=trust)


async def list_today(*, by: Principal, limit: int = 20) -> list[CodeAnswer]:
    """What this counter read today, newest first, without the licences' fields."""
    start = datetime.combine(clock.today(), time.min, tzinfo=clock.SHANGHAI)
    rows = (
        await Verification.filter(reader=by.actor, kind=VerificationKind.CODE, at__gte=start)
        .order_by("-at")
        .limit(limit)
    )
    read = [row.licence_id for row in rows if row.licence_id is not None]
    licences = {licence.id: licence for licence in await Licence.filter(id__in=read)}
    return [
        _from_row(row, licences.get(row.licence_id) if row.licence_id else None) for row in rows
    ]


async def check_seal(document: str, *, blobs: Blobs, trust: TrustList) -> Verdict:
    """The verdict on a stored document's seals alone, for its holder."""
    return verdict.combine(await _seal_checks(document, blobs=blobs, trust=trust, at=clock.now()))


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """Who looks, where, and what for."""

    actor: str
    name: str
    department: str | None
    hall: str
    purpose: str
    item_code: str | None

    @classmethod
    async def of(cls, by: Principal, *, purpose: str, item_code: str | None) -> "_Reader":
        counter = await identity_queries.get_counter(by.id)
        return cls(
            actor=by.actor,
            name=counter.name,
            department=counter.department,
            hall=counter.hall,
            purpose=purpose,
            item_code=item_code,
        )


async def _check_licence(
    redeemed: Redeemed, digest: str, *, reader: _Reader, blobs: Blobs, trust: TrustList
) -> CodeAnswer:
    now = clock.now()
    redeemed_check = Check(name="code", outcome=Outcome.PASS, detail="二维码有效，首次使用")
    licence = await status.find_licence(redeemed.licence_id) if redeemed.licence_id else None
    if licence is None:
        return await _answer(reader, verdict.refused(Reason.NOT_A_LICENCE_CODE, check="code"))
    state = status.state_of(licence, clock.local(now).date())
    checks = [
        redeemed_check,
        verdict.state_check(state, valid_to=licence.valid_to, at=now),
        *await _seal_checks(licence.document, blobs=blobs, trust=trust, at=now),
    ]
    return await _answer(
        reader, verdict.combine(checks), licence=licence, redeemed=redeemed, digest=digest
    )


async def _seal_checks(
    document: str, *, blobs: Blobs, trust: TrustList, at: datetime
) -> Sequence[Check]:
    """The seal of the stored document, checked anew each time; only chains are cached."""
    try:
        data = await blobs.get(document)
    except (BlobNotFound, DamagedBlob):
        detail = "证照文件暂时无法读取"
        return [
            Check(
                name="seal",
                outcome=Outcome.UNKNOWN,
                detail=detail,
                reason=Reason.STATUS_UNREACHABLE,
            )
        ]
    return checks_of(await offload.run(verify_seal, data, trust=trust, at=at))


def checks_of(report: SealReport) -> list[Check]:
    """Signing's checks in the wallet's words; both use the same list of reasons."""
    return [
        Check(
            name=f"seal.{check.name}",
            outcome=Outcome(check.outcome.value),
            detail=check.detail,
            reason=check.reason,
        )
        for check in report.checks
    ]


async def _answer(
    reader: _Reader,
    result: Verdict,
    *,
    licence: Licence | None = None,
    redeemed: Redeemed | None = None,
    digest: str | None = None,
) -> CodeAnswer:
    """Write the row, tell the holder, and give the answer."""
    try:
        row = await _write(reader, result, licence=licence, redeemed=redeemed, digest=digest)
    except IntegrityError:
        # The same counter read the same code twice at once: both get the first answer.
        before = await _earlier(reader, digest or "")
        if before is None:
            raise
        return before
    return _from_row(row, licence, result)


async def _write(
    reader: _Reader,
    result: Verdict,
    *,
    licence: Licence | None,
    redeemed: Redeemed | None,
    digest: str | None,
) -> Verification:
    async with database.transaction():
        row = await Verification.create(
            kind=VerificationKind.CODE,
            at=clock.now(),
            licence_id=licence.id if licence else None,
            subject_id=licence.subject_id if licence else None,
            verdict=result.verdict,
            reasons=list(result.reasons),
            checks=[check.to_dict() for check in result.checks],
            reader=reader.actor,
            reader_name=reader.name,
            department=reader.department,
            hall=reader.hall,
            purpose=reader.purpose,
            item_code=reader.item_code,
            presentation=digest,
        )
        if licence is not None and redeemed is not None:
            await uses.record(licence, _look(reader, result, licence, row.at), tell=False)
            await _tell_holder(row, licence, redeemed)
        await audit.record(
            actor=reader.actor,
            action="licence.verify",
            target=f"licence:{licence.id}" if licence else f"verification:{row.id}",
            detail={"verdict": result.verdict, "reasons": list(result.reasons)},
        )
    return row


def _look(reader: _Reader, result: Verdict, licence: Licence, at: datetime) -> uses.Look:
    """What the holder's log says: the labels are those the counter was shown."""
    shown = result.verdict != verdict.CANNOT_TELL
    seen = [field.label for field in shown_licence(licence, at).fields] if shown else []
    return uses.Look(
        kind=UseKind.CODE,
        who=reader.actor,
        who_name=reader.name,
        department=reader.department or "",
        terminal=reader.hall,
        purpose=reader.purpose,
        item_code=reader.item_code or "",
        ground="持证人出示二维码",
        fields_seen=seen,
        verdict=result.verdict,
        reasons=result.reasons,
    )


async def _tell_holder(row: Verification, licence: Licence, redeemed: Redeemed) -> None:
    event = LicencePresented(
        licence_id=licence.id,
        subject_id=licence.subject_id,
        person_id=redeemed.person_id or licence.subject_id,
        licence_type=licence.licence_type,
        licence_name=catalogue.get_type(licence.licence_type).name,
        counter_name=row.reader_name,
        department=row.department or "",
        verdict=row.verdict,
        at=row.at,
        presentation_id=redeemed.presentation_id or row.id,
    )
    await outbox.publish(event, key=str(licence.id))


async def _earlier(reader: _Reader, digest: str) -> CodeAnswer | None:
    """What this reader was answered when it read this code before."""
    row = await Verification.get_or_none(reader=reader.actor, presentation=digest)
    if row is None:
        return None
    licence = await status.find_licence(row.licence_id) if row.licence_id else None
    return _from_row(row, licence)


def _from_row(
    row: Verification, licence: Licence | None, result: Verdict | None = None
) -> CodeAnswer:
    shown = licence is not None and row.verdict != verdict.CANNOT_TELL
    return CodeAnswer(
        verification_id=row.id,
        at=row.at,
        verdict=result or stored_verdict(row),
        purpose=row.purpose,
        licence=shown_licence(licence, row.at) if licence is not None and shown else None,
    )


def stored_verdict(row: Verification) -> Verdict:
    """The verdict as it was given."""
    title, following = verdict.title_of(row.verdict, row.reasons, code=True)
    checks = tuple(
        Check(
            name=str(check["name"]),
            outcome=Outcome(str(check["outcome"])),
            detail=str(check["detail"]),
            reason=str(check["reason"]) if check["reason"] else None,
        )
        for check in row.checks
    )
    return Verdict(
        verdict=row.verdict,
        reasons=tuple(row.reasons),
        title=title,
        next=following,
        checks=checks,
    )


def shown_licence(licence: Licence, at: datetime) -> ShownLicence:
    """The type's offline claims, masked: what a counter needs to compare with the person."""
    type_ = catalogue.get_type(licence.licence_type)
    facts = facts_from(licence)
    fields = [
        ShownField(
            key=field.key,
            label=field.label,
            value=facts_of.show(field, facts[field.key], masked=True),
        )
        for field in type_.fields
        if field.key in type_.offline_claims and field.key in facts
    ]
    state = status.state_of(licence, clock.local(at).date())
    return ShownLicence(
        type=type_.code,
        name=type_.name,
        holder_masked=holder_masked(licence),
        number_masked=masking.number(licence.number),
        issuer=type_.issuer_name,
        state=state.value,
        valid_to=licence.valid_to.isoformat() if licence.valid_to else None,
        fields=tuple(fields),
    )
