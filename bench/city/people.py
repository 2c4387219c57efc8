"""People and organisations, their accounts, sessions and sign-ins."""

from __future__ import annotations

from bench.city.ink import context
from bench.city.recipe import (
    PEOPLE_PER_ORGANISATION,
    credit_code,
    digest,
    ident,
    identity_no,
    name_of,
    organisation_name,
)
from bench.city.sheets import NONE, Block
from identity.models import ID_NO_PURPOSE, PHONE_PURPOSE, USER_PURPOSE

_ID_NO = context("identity_subject", "id_no")
_NAME = context("identity_subject", "name")
_PHONE = context("identity_subject", "phone")
_USER = context("identity_platform_account", "user")
_BY_ID = ID_NO_PURPOSE.encode() + b"\x00"
_BY_PHONE = PHONE_PURPOSE.encode() + b"\x00"
_BY_USER = USER_PURPOSE.encode() + b"\x00"
SIGNED_IN_EVERY = 8
"""Every eighth person has a session; those of five days ago and older are forgotten."""
SIGN_INS_DAYS = 180


def write(block: Block) -> None:
    for person in range(block.first, block.first + block.size):
        _person(block, person)
        _account(block, person)
        if person % SIGNED_IN_EVERY == 0:
            _sign_ins(block, person)
        if person % PEOPLE_PER_ORGANISATION == 0:
            _organisation(block, person // PEOPLE_PER_ORGANISATION, person)


def _person(block: Block, person: int) -> None:
    ink, row, number = block.ink, ident("person", person), identity_no(person)
    at, key = block.at(1095 - person % 900, person), row.encode()
    phone, phone_index = NONE, NONE
    if person % 3 == 0:
        told = f"199{10_000_000 + person}"
        phone, phone_index = ink.seal(told, _PHONE + key), ink.index(told, _BY_PHONE)
    block.sheets["identity_subject"].append(
        f"{row}\tnatural_person\t111\t{ink.index(number, _BY_ID)}\t{ink.seal(number, _ID_NO + key)}"
        f"\t{ink.seal(name_of(person), _NAME + key)}\t{phone}\t{phone_index}\t{at}"
    )


def _organisation(block: Block, organisation: int, representative: int) -> None:
    ink, row, number = block.ink, ident("organisation", organisation), credit_code(organisation)
    at, key = block.at(1095 - organisation % 900, organisation), row.encode()
    name = organisation_name(organisation)
    block.sheets["identity_subject"].append(
        f"{row}\torganisation\t001\t{ink.index(number, _BY_ID)}\t{ink.seal(number, _ID_NO + key)}"
        f"\t{ink.seal(name, _NAME + key)}\t{NONE}\t{NONE}\t{at}"
    )
    block.sheets["identity_relation"].append(
        f"{ident('relation', organisation)}\t{ident('person', representative)}\t{row}"
        f"\tlegal_representative\t{at[:10]}"
    )


def _account(block: Block, person: int) -> None:
    if person % 5 >= 3:
        return
    platform = ("wechat", "alipay", "browser")[person % 5]
    row, user = ident("account", person), f"city:{person}"
    at = block.at(1095 - person % 900, person)
    index = block.ink.index(user, _BY_USER)
    sealed = block.cell(user, _USER, row, whole=block.recipe.is_whole(person))
    block.sheets["identity_platform_account"].append(
        f"{row}\t{platform}\t{index}\t{sealed}\t{ident('person', person)}\t{at}"
        f"\t{block.at(person % 40, person)}"
    )


def _sign_ins(block: Block, person: int) -> None:
    who, row = ident("person", person), ident("session", person)
    age, at = person // 8 % 5, block.at(person // 8 % 5 + 1, person)
    block.sheets["identity_session"].append(
        f"{row}\t{digest('session', person)}\tcitizen\t{who}\t1800\twechat\twechat\t2\t手机\t{at}"
        f"\t{at}\t{block.at(age - 1, person)}"
    )
    for turn in range(4):
        age = (person * 31 + turn * 43) % SIGN_INS_DAYS
        block.sheets["identity_sign_in_record"].append(
            f"{ident('record', person, turn)}\t{who}\t{row}\twechat\twechat\t手机"
            f"\t203.0.113.0\t{block.at(age, person + turn)}"
        )
