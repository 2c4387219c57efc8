"""The applicant signs the application form: these very answers and values, and nothing else.

What is signed is a digest over what the case holds; whoever changes a value afterwards has to sign
again. Electronic Signature Law art. 13: a signature is reliable when it is the signer's own, under
the signer's control, and when changes to it and to what was signed can be told. Own and under
control is what the level of assurance stands for (identity/log_in/assurance.py, Act.SIGN_FORM).
"""

import hashlib
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock
from core.database import transaction
from core.protection import audit
from identity import queries as identity_queries
from identity.log_in import assurance
from identity.log_in.assurance import Act
from identity.principal import Principal
from services.cases import errors, lifecycle, moves, shapes, timeline
from services.cases.lifecycle import Move
from services.cases.models import Case, FormSignature
from services.cases.rules import completeness, forms
from services.guides.guide import Guide


async def sign(case_id: UUID, *, by: Principal) -> None:
    """Sign the form of a draft as it stands. Repeating it without a change changes nothing.

    Raises StepUpRequired, CaseNotFound, NotActingFor (a form of an organisation is signed while
    acting for it, one of a person while not), TransitionNotAllowed, CaseIncomplete naming the
    fields that are still empty, CaseChanged.
    """
    assurance.require(by, Act.SIGN_FORM)
    case = await moves.get_own(case_id, by=by)
    lifecycle.after(case.state, Move.FILL)
    if case.subject_id != by.applicant_id:
        raise errors.SignedForAnother()
    guide = await moves.guide_of(case)
    completeness.refuse_stop(guide)
    missing = list(forms.missing(guide.fields, moves.effective_values(case, guide)))
    if missing:
        raise errors.CaseIncomplete(f"还有 {len(missing)} 项没有填写", errors=missing)
    digest = digest_of(case, guide)
    if await FormSignature.exists(case_id=case.id, digest=digest):
        return
    async with transaction():
        # The move guards against a change since the case was read; the form stays as it is.
        await moves.move(case, Move.FILL, at=clock.now())
        await _store(case, digest, by)
        await timeline.append(
            case.id,
            kind="signed",
            title="申请表已签署",
            actor_text=timeline.APPLICANT,
            at=clock.now(),
        )
        await audit.record(
            actor=by.actor,
            action="case.sign-form",
            target=moves.target_of(case),
            detail={"digest": digest, "level": int(assurance.level(by, Act.SIGN_FORM))},
        )


async def find(case: Case, guide: Guide) -> shapes.FormSignatureView | None:
    """The signature of a case; `valid` says whether it covers what the case holds now."""
    row = await FormSignature.get_or_none(case_id=case.id)
    if row is None:
        return None
    signer = await identity_queries.get_subject(row.person_id)
    return shapes.FormSignatureView(
        signed_at=row.signed_at,
        signer=signer.name,
        by_certificate=row.by_certificate,
        valid=row.digest == digest_of(case, guide),
    )


async def require(case: Case, guide: Guide) -> None:
    """Raises FormNotSigned unless a signature covers what the case holds now."""
    found = await find(case, guide)
    if found is None or not found.valid:
        raise errors.FormNotSigned()


def digest_of(case: Case, guide: Guide) -> str:
    """SM3 over the item's version, the answers and the values that apply, in one fixed form."""
    values = moves.effective_values(case, guide)
    parts = {"item": case.item_digest, "answers": case.answers, "values": values}
    return hashlib.new("sm3", moves.to_text(parts, in_order=True).encode()).hexdigest()


async def _store(case: Case, digest: str, by: Principal) -> None:
    values = {
        "digest": digest,
        "person_id": by.person_id,
        "level": int(assurance.level(by, Act.SIGN_FORM)),
        "by_certificate": by.certified,
        "signed_at": clock.now(),
    }
    try:
        await FormSignature.update_or_create(values, case_id=case.id)
    except IntegrityError:
        raise errors.CaseChanged() from None
