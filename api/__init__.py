"""The edge: Sanic blueprints, guards, problem+json, OpenAPI. No tables, no Redis, no rules."""

from __future__ import annotations

from sanic import Blueprint


def blueprints() -> tuple[Blueprint, ...]:
    """Every blueprint of the API and the pages; a new resource adds a line here."""
    from api.callbacks import payments as payment_callbacks
    from api.callbacks import platforms as platform_callbacks
    from api.citizen import (
        accounts,
        authorisations,
        cases,
        catalogue,
        certificates,
        conversation,
        entry,
        inbox,
        licences,
        looks,
        materials,
        notices,
        passes,
        payments,
        pictures,
        wards,
    )
    from api.citizen import live as citizen_live
    from api.citizen import sign_in as citizen_sign_in
    from api.counter import enrolment, readings, verifications
    from api.counter import live as counter_live
    from api.edge import health, openapi
    from api.enterprise import account, events, licence_verifications, seal_verifications
    from api.enterprise import webhooks as enterprise_webhooks
    from api.public import codes, delegations, files, pages, status_lists, transparency
    from api.shared import tus
    from api.staff import complaints, copies, intakes, logs, messaging, operations, review, worklist
    from api.staff import conversation as staff_conversation
    from api.staff import delegations as staff_delegations
    from api.staff import guardianships as staff_guardianships
    from api.staff import licence_issue as staff_licence_issue
    from api.staff import licences as staff_licences
    from api.staff import live as staff_live
    from api.staff import mini_codes as staff_mini_codes
    from api.staff import representatives as staff_representatives
    from api.staff import seals as staff_seals
    from api.staff import sign_in as staff_sign_in
    from api.staff import webhooks as staff_webhooks
    from api.staff.accounts import departments as staff_departments
    from api.staff.accounts import officers as staff_officers
    from api.staff.accounts import proposals as staff_power_proposals
    from api.staff.accounts import systems as staff_systems
    from api.staff.factors import own as staff_factors
    from api.staff.factors import recoveries as staff_recoveries
    from api.staff.factors import steps as staff_steps

    return (
        health.bp,
        files.bp,
        openapi.bp,
        catalogue.bp,
        citizen_sign_in.bp,
        cases.bp,
        conversation.bp,
        materials.bp,
        pictures.bp,
        tus.bp,
        licences.bp,
        passes.bp,
        looks.bp,
        logs.bp,
        wards.bp,
        authorisations.bp,
        inbox.bp,
        entry.bp,
        accounts.bp,
        certificates.bp,
        payments.bp,
        payment_callbacks.bp,
        platform_callbacks.bp,
        operations.bp,
        citizen_live.bp,
        notices.bp,
        staff_sign_in.bp,
        staff_steps.bp,
        staff_factors.bp,
        staff_recoveries.bp,
        worklist.bp,
        review.bp,
        staff_conversation.bp,
        staff_licences.bp,
        staff_licence_issue.bp,
        staff_guardianships.bp,
        staff_delegations.bp,
        staff_representatives.bp,
        complaints.bp,
        copies.bp,
        staff_mini_codes.bp,
        intakes.bp,
        staff_seals.bp,
        staff_live.bp,
        staff_webhooks.bp,
        staff_departments.bp,
        staff_officers.bp,
        staff_power_proposals.bp,
        staff_systems.bp,
        messaging.bp,
        enrolment.bp,
        verifications.bp,
        readings.bp,
        counter_live.bp,
        account.bp,
        seal_verifications.bp,
        licence_verifications.bp,
        enterprise_webhooks.bp,
        events.bp,
        status_lists.bp,
        codes.bp,
        transparency.bp,
        delegations.bp,
        pages.bp,
    )
