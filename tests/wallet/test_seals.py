"""The register of seals."""

import io
from datetime import timedelta

from PIL import Image

from signing import parse_seal
from tests.wallet.city import BY, TODAY, City
from wallet.models import Seal
from wallet.seal import seals


async def test_every_issuing_department_has_a_seal(city: City) -> None:
    registered = await seals.list_seals()

    assert {seal.department for seal in registered} == set(seals.departments())


async def test_seal_is_for_the_departments_own_certificate(city: City) -> None:
    seal = await seals.for_department("SCJG")

    parsed = parse_seal(seal.seal)
    assert parsed.lists(seal.certificate)
    assert parsed.is_signed_by_maker
    assert Image.open(io.BytesIO(parsed.picture.data)).format == "PNG"


async def test_provisioning_again_makes_nothing(city: City) -> None:
    before = await Seal.all().count()

    again = await seals.provision(
        keys=city.authority.keys, valid_until=TODAY + timedelta(days=365), by=BY
    )

    assert (again, await Seal.all().count()) == (0, before)
