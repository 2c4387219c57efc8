"""A case gets exactly one licence, sealed and verified, whatever happens on the way."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from core.outbox import OutboxMessage
from identity import queries as identity_queries
from signing import KeyUnavailable, TrustList, verify_document
from tests.wallet.city import TODAY, City
from tests.wallet.factories import issue_licence
from wallet.errors import InvalidFacts, IssueFailed, PreviousLicenceMissing, SealNotReady
from wallet.models import Licence, Seal
from wallet.register import queries
from wallet.seal.seals import Signs


async def test_issued_document_carries_a_valid_seal(city: City) -> None:
    licence_id = await issue_licence(city)

    document = await queries.get_document(licence_id, by=city.citizen(city.zhang), blobs=city.blobs)
    report = verify_document(document, trust=city.authority.trust, at=TODAY)

    assert report.verdict == "valid"
    assert report.signatures[0].seal_name == "上海市公安局松江分局"


async def test_same_case_gets_the_same_licence(city: City) -> None:
    case_id = uuid4()

    first = await issue_licence(city, case_id=case_id)
    second = await issue_licence(city, case_id=case_id)

    assert first == second
    assert await Licence.all().count() == 1
    assert await OutboxMessage.filter(name="LicenceIssued").count() == 1


class FlakyKeys:
    """A key store that is away the first time it is asked to sign."""

    def __init__(self, keys: Signs) -> None:
        self._keys = keys
        self._away = True

    async def certificate(self, key_id: str) -> bytes:
        return await self._keys.certificate(key_id)

    async def sign(self, key_id: str, message: bytes) -> bytes:
        if self._away:
            self._away = False
            raise KeyUnavailable("the module does not answer")
        return await self._keys.sign(key_id, message)


async def test_repeat_after_a_crash_spends_no_second_number(city: City) -> None:
    case_id, keys = uuid4(), FlakyKeys(city.authority.keys)

    with pytest.raises(KeyUnavailable):
        await issue_licence(city, "FOOD", case_id=case_id, keys=keys)
    licence_id = await issue_licence(city, "FOOD", case_id=case_id, keys=keys)

    licence = await Licence.get(id=licence_id)
    assert licence.number == "JY23101170010018"
    assert licence.identifier.split(".")[7] == "2026001001"
    assert await Licence.all().count() == 1


async def test_two_workers_at_once_make_one_licence(city: City) -> None:
    case_id = uuid4()

    ids = await asyncio.gather(*(issue_licence(city, case_id=case_id) for _ in range(4)))

    assert len(set(ids)) == 1
    assert await Licence.all().count() == 1


async def test_untrusted_seal_is_never_stored(city: City) -> None:
    stranger = replace(city, authority=replace(city.authority, trust=TrustList.of(anchors=[])))

    with pytest.raises(IssueFailed):
        await issue_licence(stranger)

    assert await Licence.all().count() == 0


async def test_issue_waits_for_a_missing_seal(city: City) -> None:
    await Seal.filter(department="GA").delete()

    with pytest.raises(SealNotReady):
        await issue_licence(city)


async def test_wrong_facts_are_refused_before_a_number_is_spent(city: City) -> None:
    with pytest.raises(InvalidFacts) as refusal:
        await issue_licence(city, facts={"gender": "无", "colour": "red"})

    assert set(refusal.value.members["fields"]) == {"gender", "colour"}  # type: ignore[call-overload]


async def test_endorsement_makes_a_new_version_and_supersedes_the_old(city: City) -> None:
    first = await issue_licence(city)

    second = await issue_licence(
        city, action="endorse", facts={"endorse_to": "2028-11-24"}, previous=first
    )

    old, new = await Licence.get(id=first), await Licence.get(id=second)
    assert (old.state, new.state) == ("superseded", "valid")
    assert (old.version, new.version) == (1, 2)
    assert new.number == old.number
    assert new.identifier.split(".")[7] == old.identifier.split(".")[7]
    assert str(new.valid_to) == "2028-11-24"


async def test_endorsement_finds_the_only_licence_by_itself(city: City) -> None:
    first = await issue_licence(city)

    second = await issue_licence(city, action="endorse", facts={"endorse_to": "2028-11-24"})

    assert (await Licence.get(id=second)).previous_id == first


async def test_reissue_without_a_previous_licence_is_refused(city: City) -> None:
    with pytest.raises(PreviousLicenceMissing):
        await issue_licence(city, "FOOD", action="reissue")


async def test_reissue_does_not_guess_between_two_permits(city: City) -> None:
    await issue_licence(city, "FOOD")
    await issue_licence(city, "FOOD", facts={"premises": "上海市松江区泗泾镇分店路9号"})

    with pytest.raises(PreviousLicenceMissing):
        await issue_licence(city, "FOOD", action="reissue")


async def test_another_holders_licence_cannot_be_replaced(city: City) -> None:
    theirs = await issue_licence(city)

    with pytest.raises(PreviousLicenceMissing):
        await issue_licence(city, action="endorse", subject=city.li, previous=theirs)


NEW_COMPANY: dict[str, Any] = {
    "name": "上海新办示例科技有限公司",
    "entity_type": "有限责任公司",
    "legal_rep": "张演示",
    "capital": "100",
    "establish_date": "2026-11-25",
    "address": "上海市松江区新桥镇新办路1号",
    "scope": "软件开发",
    "registry": "上海市松江区市场监督管理局",
    "approve_date": "2026-11-25",
}


async def test_new_company_becomes_a_subject_its_founder_may_act_for(city: City) -> None:
    licence_id = await issue_licence(city, "BL", facts=NEW_COMPANY)

    licence = await Licence.get(id=licence_id)
    organisation = await identity_queries.find_subject("001", licence.number)
    assert organisation is not None
    assert organisation.name == NEW_COMPANY["name"]
    assert licence.subject_id == organisation.id
    assert await identity_queries.may_act_for(city.zhang, organisation.id)


async def test_fathers_card_goes_to_the_father(city: City) -> None:
    facts = {
        "name": "李样例",
        "gender": "女",
        "id_no": "310199198511201020",
        "birth_date": "1985-11-20",
        "allowance_band": "65-69",
        "town_code": "310117002",
        "issue_org": "上海市松江区民政局",
        "issue_date": "2026-11-25",
    }

    licence_id = await issue_licence(city, "SEN", subject=city.zhang, facts=facts)

    assert (await Licence.get(id=licence_id)).subject_id == city.li


MARRIAGE: dict[str, Any] = {
    "holder": "张演示",
    "reg_date": "2026-11-25",
    "male_name": "张演示",
    "male_id": "310199199003071017",
    "female_name": "赵新人",
    "female_id": "310199199508081050",
    "registry": "上海市松江区民政局",
}


async def test_marriage_gives_each_spouse_a_certificate(city: City) -> None:
    case_id = uuid4()

    mine = await issue_licence(city, "MAR", facts=MARRIAGE, case_id=case_id)
    again = await issue_licence(city, "MAR", facts=MARRIAGE, case_id=case_id)

    assert mine == again
    first, second = await Licence.all().order_by("copy")
    assert (first.id, first.holder_name, second.holder_name) == (mine, "张演示", "赵新人")
    assert first.number == second.number
    assert first.identifier != second.identifier
    spouse = await identity_queries.find_subject("111", "310199199508081050")
    assert spouse is not None
    assert (first.subject_id, second.subject_id) == (city.zhang, spouse.id)


async def test_only_the_applicants_copy_ends_the_case(city: City) -> None:
    case_id = uuid4()
    await issue_licence(city, "MAR", facts=MARRIAGE, case_id=case_id)

    events = await OutboxMessage.filter(name="LicenceIssued").order_by("id")

    assert [str(case_id) in event.payload for event in events] == [True, False]


async def test_newborns_certificate_lies_with_the_mother(city: City) -> None:
    facts = {
        "baby_name": "张新生",
        "gender": "女",
        "birth_time": "2026-11-01T10:30",
        "hospital": "松江区演示医院",
        "mother_name": "李样例",
        "mother_id": "310199198511201020",
        "issue_date": "2026-11-25",
    }

    licence_id = await issue_licence(city, "BIRTH", subject=city.li, facts=facts)

    licence = await Licence.get(id=licence_id)
    assert licence.subject_id == city.li
    assert (licence.holder_id_type, licence.holder_id_no) == ("117", licence.number)


async def test_personal_data_is_encrypted_at_rest(city: City) -> None:
    from tortoise import connections

    await issue_licence(city)

    rows = await connections.get("default").execute_query_dict("SELECT * FROM wallet_licence")
    stored = repr([dict(row) for row in rows])
    assert "310199199003071017" not in stored
    assert "张演示" not in stored


async def test_event_tells_the_masked_number_only(city: City) -> None:
    await issue_licence(city)

    message = await OutboxMessage.get(name="LicenceIssued")
    assert '"JZ3*********0001"' in message.payload
    assert "310199199003071017" not in message.payload
