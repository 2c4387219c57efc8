"""A city in one process: catalogue, seals and demo people loaded, a real server in front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.settings import Settings
from tests.conftest import serving

CLIENT_SECRET = "an enterprise's secret"


def password_for(staff_no: str) -> str:
    return f"pw-{staff_no}-of-the-tests"


@dataclass
class City:
    """A running installation and the keys of those who act in it."""

    address: str
    resources: Any
    people: Any
    enrolment_code: str

    def reviewer_of(self, department: str) -> tuple[str, str]:
        """Number and password of a reviewer of the department."""
        officer = next(
            each
            for each in self.people.officers
            if each.department == department and "reviewer" in each.roles
        )
        return officer.staff_no, password_for(officer.staff_no)


@pytest.fixture
async def city(settings: Settings, resources: Any) -> AsyncIterator[City]:
    import identity.demo
    import services.guides.catalogue
    import wallet.seal.seals

    settings = replace(settings, environment="demo")
    await services.guides.catalogue.load()
    until = clock.now() + timedelta(days=365)
    await wallet.seal.seals.provision(keys=resources.keys, valid_until=until, by="system:test")
    people = await identity.demo.load(password_for=password_for, client_secret=CLIENT_SECRET)
    code = await identity.demo.new_enrolment_code()
    async with serving(settings, resources) as address:
        yield City(address, resources, people, code)
