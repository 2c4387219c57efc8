"""The edge: Sanic blueprints, guards, problem+json, OpenAPI. No tables, no Redis, no rules."""

from __future__ import annotations

from sanic import Blueprint


def blueprints() -> tuple[Blueprint, ...]:
    """Every blueprint of the API and the pages; a new resource adds a line here."""
    from api import files, health, openapi, pages, public_codes, tus
    from api.callbacks import payments as payment_callbacks
    from api.callbacks import platforms as platform_callbacks
    from api.citizen import (
        accounts,
        cases,
        catalogue,
        entry,
        inbox,
        licences,
        materials,
        notices,
        payments,
    )
    from api.citizen import live as citizen_live
    from api.citizen import sign_in as citizen_sign_in
    from api.counter import enrolment, verifications
    from api.enterprise import account, events, licence_verifications, seal_verifications
    from api.enterprise import webhooks as enterprise_webhooks
    from api.staff import licences as staff_licences
    from api.staff import live as staff_live
    from api.staff import messaging, operations, review, worklist
    from api.staff import seals as staff_seals
    from api.staff import sign_in as staff_sign_in
    from api.staff import webhooks as staff_webhooks

    return (
        health.bp,
        files.bp,
        openapi.bp,
        catalogue.bp,
        citizen_sign_in.bp,
        cases.bp,
        materials.bp,
        tus.bp,
        licences.bp,
        inbox.bp,
        entry.bp,
        accounts.bp,
        payments.bp,
        payment_callbacks.bp,
        platform_callbacks.bp,
        operations.bp,
        citizen_live.bp,
        notices.bp,
        staff_sign_in.bp,
        worklist.bp,
        review.bp,
        staff_licences.bp,
        staff_seals.bp,
        staff_live.bp,
        staff_webhooks.bp,
        messaging.bp,
        enrolment.bp,
        verifications.bp,
        account.bp,
        seal_verifications.bp,
        licence_verifications.bp,
        enterprise_webhooks.bp,
        events.bp,
        public_codes.bp,
        pages.bp,
    )
