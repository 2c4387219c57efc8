"""A small city: departments with seals, a few people and companies, counters."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.files.blobs import Blobs
from identity.models import Counter
from identity.people import organisations, persons
from identity.principal import Principal, PrincipalKind
from identity.queries import DepartmentView
from identity.staff import departments
from signing.dev.devca import DevelopmentAuthority
from wallet.seal import seals
from wallet.seal.seals import SealView
from wallet.types import catalogue

BY = "system:test"
TODAY = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)

_made: dict[bytes, list[SealView]] = {}
"""Seals by the authority that made them: drawn once a run, then only registered."""


@dataclass(frozen=True, kw_only=True)
class City:
    """What the tests act with."""

    authority: DevelopmentAuthority
    blobs: Blobs
    zhang: UUID
    li: UUID
    company: UUID
    """上海松江演示餐饮有限公司, represented by li."""

    def citizen(self, person: UUID, *, acting_for: UUID | None = None) -> Principal:
        return Principal(
            kind=PrincipalKind.CITIZEN,
            id=person,
            name="张演示",
            subject_id=person,
            acting_for=acting_for,
        )

    async def counter(self, name: str = "综合窗口1号") -> Principal:
        row = await Counter.create(
            name=name, department_id="SCJG", hall="松江区政务服务中心", public_key=b"\x04" * 65
        )
        return Principal(
            kind=PrincipalKind.COUNTER,
            id=row.id,
            name=name,
            department=row.department_id,
            hall=row.hall,
        )

    @property
    def client(self) -> Principal:
        return Principal(kind=PrincipalKind.CLIENT, id=self.zhang, name="示例银行")

    def officer(self, *roles: str, department: str | None = "GA") -> Principal:
        return Principal(
            kind=PrincipalKind.OFFICER,
            id=self.zhang,
            name="钱印章",
            roles=frozenset(roles),
            department=department,
        )


async def build(authority: DevelopmentAuthority, blobs: Blobs) -> City:
    """The city in an empty database."""
    await departments.load(_departments())
    await _ready_seals(authority)
    zhang = await persons.register(
        id_no="310199199003071017", name="张演示", phone="19900000001", by=BY
    )
    li = await persons.register(
        id_no="310199198511201020", name="李样例", phone="19900000002", by=BY
    )
    company = await organisations.register(
        uscc="91310117FAKE100193",
        name="上海松江演示餐饮有限公司",
        legal_representative_id=li,
        by=BY,
    )
    return City(authority=authority, blobs=blobs, zhang=zhang, li=li, company=company)


def _departments() -> list[DepartmentView]:
    issuers = {type_.issuer: type_ for type_ in catalogue.all_types()}
    return [
        DepartmentView(
            key=key,
            name=type_.issuer_name,
            short_name=type_.issuer_name[-8:],
            credit_code=type_.issuer_code,
        )
        for key, type_ in issuers.items()
    ]


async def _ready_seals(authority: DevelopmentAuthority) -> None:
    made = _made.get(authority.maker_certificate)
    if made is None:
        until = TODAY + timedelta(days=3650)
        since = TODAY - timedelta(days=300)
        await seals.provision(keys=authority.keys, valid_from=since, valid_until=until, by=BY)
        _made[authority.maker_certificate] = await seals.list_seals()
        return
    for seal in made:
        await seals.register(
            department=seal.department,
            name=seal.name,
            key_id=seal.key_id,
            seal=seal.seal,
            certificate=seal.certificate,
            by=BY,
        )
