"""Valid people, staff, counters and client systems in one line each."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core import clock, ids
from identity import numbers
from identity.people import organisations, persons
from identity.principal import Principal, PrincipalKind
from identity.queries import DepartmentView
from identity.staff import departments, officers
from identity.staff.roles import Role
from identity.systems import clients, counters

BY = "system:tests"
PASSWORD = "门前大桥下-游过一群鸭"

ZHANG = "310199199003071017"
LI = "310199198511201020"
COMPANY = "91310117FAKE100193"


def credit_code(serial: int) -> str:
    """A synthetic company's credit code."""
    body = f"FAKE{serial:04d}"
    code = f"91310117{body}{numbers.organisation_check(body)}"
    return code + numbers.credit_check(code)


async def person(*, id_no: str = ZHANG, name: str = "张演示", phone: str = "19900000001") -> UUID:
    return await persons.register(id_no=id_no, name=name, phone=phone, by=BY)


async def organisation(legal_representative_id: UUID, *, uscc: str = COMPANY) -> UUID:
    return await organisations.register(
        uscc=uscc, name="演示餐饮有限公司", legal_representative_id=legal_representative_id, by=BY
    )


async def department(key: str = "SCJG") -> str:
    view = DepartmentView(
        key=key,
        name="上海市松江区市场监督管理局",
        short_name="区市场监管局",
        credit_code="11310117FAKE000131",
    )
    await departments.load([view])
    return key


async def officer(
    staff_no: str = "SCJG-01",
    *,
    roles: tuple[Role, ...] = (Role.REVIEWER,),
    key: str | None = "SCJG",
) -> UUID:
    """Of no department when `key` is None: then of all."""
    return await officers.create(
        staff_no,
        name="吴审核",
        password=PASSWORD,
        roles=roles,
        department=await department(key) if key is not None else None,
        by=BY,
    )


def citizen(person_id: UUID) -> Principal:
    return Principal(kind=PrincipalKind.CITIZEN, id=person_id, subject_id=person_id, name="张演示")


@dataclass
class CounterDevice:
    """A counter's browser: a key pair of its own, and how it signs."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    counter_id: UUID | None = None

    @property
    def public_key(self) -> str:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    async def enrol(self) -> "CounterDevice":
        code = await counters.new_enrolment_code(
            department=await department(), hall="政务服务中心 3 号窗", by=BY
        )
        enrolled = await counters.enrol(code, public_key=self.public_key, name="3 号窗")
        self.counter_id = enrolled.counter_id
        return self

    def headers(
        self, method: str, target: str, body: bytes = b"", *, nonce: str = "", skew: int = 0
    ) -> dict[str, str]:
        """The four headers of the contract; `skew` in seconds puts the device's clock wrong."""
        stamp, nonce = _stamp(skew), nonce or ids.new_token(16)
        signature = self.key.sign(
            signed_text(method, target, stamp, nonce, body), ec.ECDSA(hashes.SHA256())
        )
        r, s = decode_dss_signature(signature)
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return {
            "X-Counter-Id": str(self.counter_id),
            "X-Counter-Time": stamp,
            "X-Counter-Nonce": nonce,
            "X-Counter-Signature": base64.urlsafe_b64encode(raw).rstrip(b"=").decode(),
        }


@dataclass
class ClientSystem:
    """A company's system with its secret."""

    client_id: str = "demo-bank"
    secret: str = "a secret of the tests, 32 bytes or more"

    async def register(self, *, daily_quota: int = 100) -> "ClientSystem":
        await clients.register(
            self.client_id, name="示例银行", daily_quota=daily_quota, secret=self.secret, by=BY
        )
        return self

    def headers(
        self, method: str, target: str, body: bytes = b"", *, nonce: str = "", skew: int = 0
    ) -> dict[str, str]:
        stamp, nonce = _stamp(skew), nonce or ids.new_token(16)
        text = signed_text(method, target, stamp, nonce, body)
        return {
            "X-Client-Id": self.client_id,
            "X-Client-Time": stamp,
            "X-Client-Nonce": nonce,
            "X-Client-Signature": hmac.new(self.secret.encode(), text, "sha256").hexdigest(),
        }


def signed_text(method: str, target: str, stamp: str, nonce: str, body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return f"{method}\n{target}\n{stamp}\n{nonce}\n{digest}".encode()


def _stamp(skew: int) -> str:
    return str(int(clock.now().timestamp()) + skew)
