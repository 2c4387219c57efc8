"""Requests of desks of officers that carry a key: what test_once.py asks twice."""

from datetime import timedelta
from typing import Any

from core import clock
from identity import queries
from identity.authority import DelegateKind, Ground, Power
from identity.delegation_models import Delegation
from identity.models import Absence, ClientApp, EnrolmentCode, Officer, PowerProposal
from identity.representative_models import Representation
from identity.staff.roles import Role
from services.guides import catalogue
from tests.api.applicants import Caller
from tests.identity import desk as keepers
from tests.identity import factories

CAUSE = {"cause": "新入职"}
POWER = {"roles": ["reviewer", "window"], "department": "SCJG", **CAUSE}
CLIENT = {"client_id": "city-bank", "name": "银行", "daily_quota": 9, "scopes": ["seals"]}
NEWCOMER = {"staff_no": "SCJG-71", "name": "新同事", **POWER}

Asked = tuple[Caller, str, object, Any]
"""Who asks, where, what, and the table that gets one row more by it."""


async def _keeper(desk: Any, staff_no: str = "GL-81") -> Caller:
    caller: Caller = await desk.officer(staff_no, "SCJG", Role.ACCOUNT_KEEPER)
    await Officer.filter(staff_no=staff_no).update(department_id=None)
    return caller


async def _account(desk: Any) -> Asked:
    keeper = await _keeper(desk)
    await factories.department()
    return keeper, "/api/staff/officers", NEWCOMER, PowerProposal


async def _power(desk: Any) -> Asked:
    officer_id = await factories.officer()
    path = f"/api/staff/officers/{officer_id}/power"
    return await _keeper(desk), path, POWER, PowerProposal


async def _start_password(desk: Any) -> Asked:
    other = await keepers.keeper("GL-82")
    path = f"/api/staff/officers/{other.id}/start-password"
    return await _keeper(desk), path, CAUSE, PowerProposal


async def _absence(desk: Any) -> Asked:
    officer_id = await factories.officer()
    body = {"from_on": "2030-01-01", "to_on": "2030-01-05"}
    return await _keeper(desk), f"/api/staff/officers/{officer_id}/absences", body, Absence


async def _approval(desk: Any) -> Asked:
    keeper, path, body, _ = await _account(desk)
    asked = await keeper.ok("POST", path, body)
    path = f"/api/staff/power-proposals/{asked['proposal_id']}/approval"
    return await _keeper(desk, "GL-83"), path, None, None


async def _code(desk: Any) -> Asked:
    keeper = await _keeper(desk)
    body = {"department": await factories.department(), "hall": "三号窗"}
    return keeper, "/api/staff/counter-codes", body, EnrolmentCode


async def _client(desk: Any) -> Asked:
    return await _keeper(desk), "/api/staff/client-systems", CLIENT, ClientApp


async def _client_key(desk: Any) -> Asked:
    keeper, path, body, _ = await _client(desk)
    made = await keeper.ok("POST", path, body)
    return keeper, f"{path}/{made['id']}/key", None, None


async def _delegation(desk: Any) -> Asked:
    await catalogue.load()
    head: Caller = await desk.officer("SCJG-84", "SCJG", Role.HEAD)
    body = {
        "ground": Ground.XK26.value,
        "delegate_kind": DelegateKind.DEPARTMENT.value,
        "delegate_key": await factories.department("ZWB"),
        "items": ["SJ-SCJG-01"],
        "powers": [Power.TAKE_IN.value],
        "since": str(clock.today()),
        "until": str(clock.today() + timedelta(days=90)),
        "document_no": "松市监委〔2026〕7号",
        "document": "a" * 64,
    }
    return head, "/api/staff/delegations", body, Delegation


async def _representative(desk: Any) -> Asked:
    registrar = await desk.officer("SCJG-85", "SCJG", Role.REGISTRAR)
    firm = await queries.get_subject(desk.city.company)
    person = await queries.get_subject(desk.city.zhang)
    body = {
        "uscc": firm.id_no,
        "organisation": firm.name,
        "person": {"name": person.name, "id_no": person.id_no},
        "document_no": "股东会决议〔2026〕3号",
    }
    return registrar, "/api/staff/representatives", body, Representation


AT_THE_DESK = {
    "/api/staff/representatives": _representative,
    "/api/staff/delegations": _delegation,
    "/api/staff/officers": _account,
    "/api/staff/officers/{officer_id}/power": _power,
    "/api/staff/officers/{officer_id}/start-password": _start_password,
    "/api/staff/officers/{officer_id}/absences": _absence,
    "/api/staff/power-proposals/{proposal_id}/approval": _approval,
    "/api/staff/counter-codes": _code,
    "/api/staff/client-systems": _client,
    "/api/staff/client-systems/{row_id}/key": _client_key,
}
