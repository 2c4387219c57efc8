"""Every act that somebody calls asks for the right to it itself. The table names each act's rule.

An act is a public function that takes a principal. A new one without a rule fails here, and so does
one whose rule is no longer asked anywhere on its way: the question is looked for in the act and in
whatever it calls. The words:

    sure:X    the person is known surely enough for X (identity/log_in/assurance.py)
    staff:X   the officer's role, department or city-wide right allows X (identity/staff/roles.py)
    own       only what is the caller's own, or of whom the caller acts for (valid today: sessions
              and cases ask on every request)
    mandate   the right to act for somebody is looked up in the act itself
    second    another officer has to stand for it
    budget    a few tries a day (identity/log_in/guesses.py)
    reader    a counter or client system that signed; what it reads stands under its name
    session   only about the session that calls
    trace     it leaves a record: audit, or the holder's log of looks
    inner     no door of its own: called by acts that have asked
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.open_reads import HANDING_OUT, WITHOUT_PRINCIPAL
from tests.architecture.rules_of_accounts import RULES_OF_ACCOUNTS
from tests.architecture.rules_of_factors import RULES_OF_FACTORS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("identity", "services", "wallet", "push", "payments")

RULES: dict[str, str] = {
    **RULES_OF_ACCOUNTS,
    **RULES_OF_FACTORS,
    "services.cases.acts.apply.change_answers": "sure:PREFILL own mandate",
    "services.cases.acts.apply.fill": "own mandate",
    "services.cases.acts.apply.known_facts": "sure:PREFILL own",
    "services.cases.acts.apply.open_draft": "sure:PREFILL own trace",
    "services.cases.acts.apply.submit": "sure:SUBMIT own mandate trace",
    "services.cases.acts.apply.withdraw": "sure:SUBMIT own mandate trace",
    "services.cases.materials.combine.combine_pictures": "own mandate",
    "services.cases.materials.content_checks.note_picture": "inner",
    "services.cases.materials.content_checks.note_text": "inner",
    "services.cases.talk.conversation.get_party": "own mandate",
    "services.cases.talk.conversation.mark_read": "staff:ANSWER_APPLICANT own",
    "services.cases.talk.conversation.read": "staff:READ_CASES own trace",
    "services.cases.talk.conversation.write": "staff:WRITE_TO_APPLICANT own trace",
    "services.cases.talk.pictures.get_own": "own mandate",
    "services.cases.talk.pictures.get_staff": "staff:READ_CASES trace",
    "services.cases.talk.pictures.keep": "staff:WRITE_TO_APPLICANT own",
    "services.cases.talk.pictures.require_room": "staff:WRITE_TO_APPLICANT own",
    "services.cases.talk.views.of": "inner",
    "services.cases.acts.licence_use.for_officer": "staff:CHECK_MATERIAL",
    "services.cases.materials.papers.attach_file": "own mandate",
    "services.cases.materials.papers.commit": "own mandate trace",
    "services.cases.materials.papers.open_requirement": "own mandate",
    "services.cases.materials.papers.reject": "staff:CHECK_MATERIAL trace",
    "services.cases.materials.papers.remove": "own mandate trace",
    "services.cases.materials.papers.reuse_licence": "sure:SHARE_LICENCE own mandate trace",
    "services.cases.doors.authorise": "inner",
    "services.cases.doors.get_for_officer": "inner",
    "services.cases.doors.granted": "inner",
    "services.cases.doors.insist": "inner",
    "services.cases.moves.get_own": "own mandate",
    "services.cases.moves.is_own": "own mandate",
    "services.cases.moves.note_agent": "inner",
    "services.cases.views.lists.worklist_counts": "staff:READ_CASES",
    "services.cases.views.lists.count_waiting": "own",
    "services.cases.views.queries.get_detail": "own mandate trace",
    "services.cases.views.lists.get_overview": "staff:READ_CASES staff:READ_OVERVIEW",
    "services.cases.views.case_files.get_own_file": "own mandate trace",
    "services.cases.views.queries.get_staff_detail": "staff:READ_CASES trace",
    "services.cases.views.case_files.get_staff_file": "staff:READ_CASES trace",
    "services.cases.views.queries.licence_input": "staff:APPROVE",
    "services.cases.views.queries.licence_types_for": "own mandate",
    "services.cases.views.lists.list_own": "own",
    "services.cases.views.delegated.shares": "inner",
    "services.cases.views.lists.list_delegated": "staff:READ_CASES",
    "services.cases.views.lists.list_worklist": "staff:READ_CASES",
    "services.cases.views.queries.prefill_of_case": "own mandate",
    "services.cases.acts.review.accept": "staff:ACCEPT trace",
    "services.cases.acts.review.approve": "staff:APPROVE trace",
    "services.cases.acts.review.decline_acceptance": "staff:DECLINE_ACCEPTANCE trace",
    "services.cases.acts.review.get_approvable": "staff:APPROVE",
    "services.cases.acts.review.refuse": "staff:REFUSE trace",
    "services.cases.acts.sign.sign": "sure:SIGN_FORM own mandate trace",
    "services.cases.materials.straighten.handed_in": "own mandate",
    "services.cases.materials.straighten.restore": "own mandate trace",
    "services.cases.materials.straighten.straighten": "own mandate trace",
    "services.cases.materials.straighten.suggest": "own mandate",
    "services.cases.acts.supplement.answer": "sure:SUBMIT own mandate trace",
    "services.cases.acts.supplement.request": "staff:REQUEST_SUPPLEMENT trace",
    "services.cases.materials.text_hints.read": "own mandate",
    "services.cases.materials.uploads.abandon": "own",
    "services.cases.materials.uploads.append": "own",
    "services.cases.materials.uploads.finish": "own mandate",
    "services.cases.materials.uploads.get_status": "own",
    "services.cases.materials.uploads.open_upload": "own mandate",
    "identity.people.accounts.begin_step_up": "own",
    "identity.people.accounts.bind_another": "sure:MANAGE_ACCOUNTS own trace",
    "identity.people.accounts.finish_step_up": "session",
    "identity.people.accounts.unbind": "sure:MANAGE_ACCOUNTS own trace",
    "identity.log_in.certificates.begin": "session",
    "identity.log_in.certificates.finish": "session",
    "identity.channels.switch": "staff:OPERATE trace",
    "identity.channels.switch_content_check": "staff:OPERATE trace",
    "identity.systems.clients.spend": "inner",
    "identity.systems.clients.usage": "inner",
    "identity.log_in.live_tickets.issue": "session",
    "identity.log_in.live_tickets.redeem": "session",
    "identity.people.mandates.end": "sure:GRANT_MANDATE own mandate trace",
    "identity.people.mandates.grant": "sure:GRANT_MANDATE own mandate budget trace",
    "identity.people.mandates.list_mandates": "own mandate",
    "identity.people.named.find": "budget",
    "identity.people.named.get": "budget",
    "identity.people.named.get_person": "budget",
    "identity.people.representatives.agree": "staff:KEEP_REPRESENTATIVES second trace",
    "identity.people.representatives.claim": "sure:REPRESENT own budget trace",
    "identity.people.representatives.list_waiting": "staff:KEEP_REPRESENTATIVES",
    "identity.people.representatives.propose": "staff:KEEP_REPRESENTATIVES budget trace",
    "identity.people.representatives.refuse": "staff:KEEP_REPRESENTATIVES trace",
    "identity.people.registrar.end": "staff:KEEP_GUARDIANSHIPS budget trace",
    "identity.people.registrar.find": "staff:KEEP_GUARDIANSHIPS budget trace",
    "identity.people.registrar.record": "staff:KEEP_GUARDIANSHIPS budget trace",
    "identity.staff.delegations.countersign": "staff:COUNTERSIGN_DELEGATIONS second trace",
    "identity.staff.delegations.get": "staff:READ_DELEGATIONS",
    "identity.staff.delegations.list_for": "staff:READ_DELEGATIONS",
    "identity.staff.delegations.propose": "staff:DELEGATE trace",
    "identity.staff.delegations.refuse": "staff:COUNTERSIGN_DELEGATIONS trace",
    "identity.staff.delegations.revoke": "staff:COUNTERSIGN_DELEGATIONS staff:DELEGATE trace",
    "identity.staff.standing.now": "inner",
    "identity.log_in.sessions.act_for": "sure:ACT_FOR own mandate trace",
    "identity.log_in.sessions.certify": "session trace",
    "identity.log_in.sessions.issue": "inner",
    "identity.log_in.sessions.raise_assurance": "session trace",
    "identity.log_in.sessions.resolve": "mandate",
    "identity.log_in.sessions.resolve_ids": "inner",
    "identity.log_in.sessions.resolve_many": "inner",
    "identity.log_in.revoking.revoke_of_person": "own trace",
    "identity.log_in.sessions.via": "session",
    "identity.log_in.sign_in_log.list_devices": "own",
    "identity.log_in.sign_in_log.note": "inner",
    "payments.orders.start": "sure:PAY own mandate trace",
    "payments.queries.get_bill": "own mandate",
    "payments.queries.get_receipt": "own mandate",
    "payments.queries.list_bills": "own",
    "payments.queries.list_payments": "staff:READ_PAYMENTS",
    "payments.queries.list_differences": "staff:OPERATE",
    "payments.queries.list_statements": "staff:OPERATE",
    "payments.queries.own_bill": "own mandate",
    "payments.refunds.ask_back": "staff:REFUND trace",
    "push.deliveries.list_deliveries": "staff:OPERATE",
    "push.email_address.ask": "sure:CHANGE_ADDRESS own",
    "push.operations.drop_parked": "staff:OPERATE",
    "push.operations.replay_parked": "staff:OPERATE",
    "push.statistics.figures": "staff:OPERATE",
    "wallet.share.annotated.open_copy": "staff:CHECK_MATERIAL trace",
    "wallet.share.queries.list_given": "own",
    "wallet.share.queries.list_received": "own",
    "wallet.share.authorisations.accept": "own trace",
    "wallet.share.authorisations.decline": "own trace",
    "wallet.share.authorisations.offer": "sure:SHARE_LICENCE own budget trace",
    "wallet.share.authorisations.open_link": "trace",
    "wallet.share.authorisations.share": "sure:SHARE_LICENCE own trace",
    "wallet.share.authorisations.take_back": "own trace",
    "wallet.share.authorisations.use": "sure:SEE_SHARED own trace",
    "wallet.log.complaints.answer": "staff:ANSWER_COMPLAINTS trace",
    "wallet.log.complaints.complain": "own trace",
    "wallet.log.complaints.list_for_staff": "staff:ANSWER_COMPLAINTS",
    "wallet.log.complaints.list_own": "own",
    "wallet.register.history.for_staff": "staff:FIND_LICENCES trace",
    "wallet.register.history.of_own": "own",
    "wallet.intake.batches.approve": "staff:VOUCH second trace",
    "wallet.intake.batches.get_batch": "staff:READ_BATCHES staff:VOUCH",
    "wallet.intake.batches.list_batches": "staff:READ_BATCHES staff:VOUCH",
    "wallet.intake.batches.list_lines": "staff:READ_BATCHES",
    "wallet.intake.batches.receive": "staff:SEND_BATCHES trace",
    "wallet.intake.batches.refuse": "staff:READ_BATCHES staff:VOUCH trace",
    "wallet.intake.batches.sample": "staff:READ_BATCHES trace",
    "wallet.issue.by_hand.change": "staff:ISSUE_LICENCES staff:VOUCH second trace",
    "wallet.issue.by_hand.draft": "staff:ISSUE_LICENCES budget trace",
    "wallet.issue.by_hand.draft_version": "staff:ISSUE_LICENCES trace",
    "wallet.issue.by_hand.make": "staff:ISSUE_LICENCES staff:VOUCH second budget trace",
    "wallet.issue.late_documents.ensure": "own trace",
    "wallet.issue.late_documents.take": "sure:TAKE_DOCUMENT own trace",
    "wallet.show.pass_origins.keep": "inner",
    "wallet.show.passes.list_fields": "own",
    "wallet.show.passes.make": "sure:SHOW_LICENCE own trace",
    "wallet.show.passes.register_phone": "sure:SHOW_LICENCE own trace",
    "wallet.show.present.open": "sure:SHOW_LICENCE own",
    "wallet.show.present.redeem": "reader",
    "wallet.show.present.state": "own",
    "wallet.show.present.stop": "own trace",
    "wallet.register.queries.facts_for_prefill": "sure:PREFILL own trace",
    "wallet.register.queries.find_for_staff": "staff:FIND_LICENCES trace",
    "wallet.register.queries.find_reusable": "sure:SHARE_LICENCE own",
    "wallet.register.queries.get_document": "sure:TAKE_DOCUMENT own trace",
    "wallet.register.queries.get_for_staff": "staff:FIND_LICENCES",
    "wallet.register.queries.get_licence": "own",
    "wallet.register.queries.note_read": "staff:APPROVE trace",
    "wallet.register.queries.reveal": "sure:REVEAL_LICENCE own trace",
    "wallet.check.readings.hand_in": "mandate trace",
    "wallet.seal.life.destroy": "staff:KEEP_SEALS second trace",
    "wallet.seal.life.freeze": "staff:KEEP_SEALS trace",
    "wallet.seal.life.unfreeze": "staff:KEEP_SEALS trace",
    "wallet.seal.proposals.approve": "staff:KEEP_SEALS second trace",
    "wallet.seal.proposals.get_for": "staff:KEEP_SEALS",
    "wallet.seal.proposals.list_for": "staff:KEEP_SEALS",
    "wallet.seal.proposals.propose": "staff:KEEP_SEALS trace",
    "wallet.seal.proposals.refuse": "staff:KEEP_SEALS trace",
    "wallet.seal.proposals.renew": "staff:KEEP_SEALS trace",
    "wallet.seal.seals.get_for": "staff:KEEP_SEALS",
    "wallet.seal.seals.list_for": "staff:KEEP_SEALS",
    "wallet.register.status.cancel": "staff:CHANGE_LICENCE_STATE trace",
    "wallet.register.status.own_licence": "own",
    "wallet.register.status.resume": "staff:CHANGE_LICENCE_STATE trace",
    "wallet.register.status.revoke": "staff:CHANGE_LICENCE_STATE trace",
    "wallet.register.status.suspend": "staff:CHANGE_LICENCE_STATE trace",
    "wallet.register.status.withdraw": "staff:CHANGE_LICENCE_STATE trace",
    "wallet.log.log_export.export": "own",
    "wallet.log.access_log.list_of_licence": "own",
    "wallet.log.access_log.own_record": "own",
    "wallet.check.at_counter.list_today": "reader",
    "wallet.check.at_counter.verify_code": "reader trace",
    "wallet.check.documents.get_document_answer": "reader",
    "wallet.check.documents.verify_document": "reader trace",
    "wallet.check.documents.verify_values": "reader budget trace",
}

EVIDENCE = {
    "own": r"applicant_id|by\.person_id|by\.subject_id|principal\.person_id",
    "mandate": r"may_act_for|stands_for|_require_representative",
    "second": r"Second(Person|Officer|Keeper)Needed|AnotherOperatorNeeded",
    "budget": r"guesses\.spend",
    "reader": r"by\.actor",
    "session": r"\b(session_id|session\.id|person_id|principal\.id)\b",
    "trace": r"\b(uses|audit)\.record",
    "inner": r"",
}


def evidence_of(word: str) -> str:
    kind, _, act = word.partition(":")
    if kind == "sure":
        return rf"(require|suffices)\((by|principal), (assurance\w*\.)?Act\.{act}\)"
    if kind == "staff":
        return rf"(insist|insist_on_role|allows)\(\w+, Act\.{act}\b|act=Act\.{act}\b"
    return EVIDENCE[word]


@cache
def functions() -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    return {
        f"{module}.{node.name}": node
        for module, tree in modules().items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@cache
def modules() -> dict[str, ast.Module]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text())
        for package in PACKAGES
        for path in (ROOT / Path(*package.split("."))).rglob("*.py")
        if "migrations" not in path.parts
    }


@cache
def imported(module: str) -> dict[str, str]:
    """Name in a module → the full name it stands for."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(modules()[module])
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def called(name: str) -> Iterator[str]:
    module = name.rpartition(".")[0]
    for node in ast.walk(functions()[name]):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Name):
            yield imported(module).get(function.id, f"{module}.{function.id}")
        elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            owner = imported(module).get(function.value.id)
            if owner is not None:
                yield f"{owner}.{function.attr}"


@cache
def source_of(name: str) -> str:
    """The act and everything of ours it leads to."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in seen and one in functions():
            seen.add(one)
            waiting.extend(called(one))
    return "\n".join(ast.unparse(functions()[one]) for one in sorted(seen))


def takes_principal(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return any(
        argument.annotation is not None and "Principal" in ast.unparse(argument.annotation)
        for argument in arguments
    )


def acts() -> set[str]:
    return {
        name
        for name, node in functions().items()
        if isinstance(node, ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and takes_principal(node)
    }


def test_every_act_has_a_rule() -> None:
    assert acts() - RULES.keys() == set(), "an act without a rule: who may call it?"
    assert RULES.keys() - acts() == set()


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_rule_is_asked_inside_the_act(name: str) -> None:
    words = RULES[name].split()

    assert words
    for word in words:
        assert re.search(evidence_of(word), source_of(name)), f"{name}: {word} is not asked"


def test_what_hands_out_facts_without_a_principal_says_why() -> None:
    found = {
        name
        for name, node in functions().items()
        if name.rpartition(".")[0] in HANDING_OUT
        and isinstance(node, ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not takes_principal(node)
    }

    assert found == WITHOUT_PRINCIPAL.keys()


def test_a_rule_that_is_not_asked_is_found() -> None:
    assert not re.search(
        evidence_of("sure:SHOW_LICENCE"), source_of("wallet.register.queries.get_licence")
    )
    assert not re.search(
        evidence_of("staff:APPROVE"), source_of("services.cases.acts.review.accept")
    )
