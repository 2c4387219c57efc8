"""Real things for several packages in one line, without a database."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from papers import fonts
from signing import TrustList, Unsigned, begin_seal, build_seal, draw_seal_picture, write_package
from signing.dev import devca
from signing.ofd.container import open_package
from signing.passes import passes, statuslist
from signing.passes.statuslist import Status, StatusList, StatusToken
from signing.report.policy import Limits
from signing.suites import to_raw
from wallet.document import face
from wallet.document.face import FaceData
from wallet.types import catalogue

AT = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
LICENCE_TYPE = "RES"
"""A residence permit (居住证), one page."""
FACTS: dict[str, object] = {
    "name": "张演示",
    "gender": "男",
    "nation": "汉族",
    "birth_date": "1990-03-07",
    "id_no": "310199199003071017",
    "hukou_address": "某省某市演示县测试村1号",
    "address": "上海市松江区岳阳街道样例弄2号301室",
    "town_code": "310117001",
    "issue_org": "上海市公安局松江分局",
    "issue_date": "2026-11-25",
    "endorse_to": "2027-11-24",
}


@cache
def licence_authority() -> devca.DevelopmentAuthority:
    """A certificate authority for the department that issues the licence, a month old at AT."""
    type_ = catalogue.get_type(LICENCE_TYPE)
    return devca.make(
        organisation="云间市",
        departments={type_.issuer: type_.issuer_name},
        at=AT - timedelta(days=30),
    )


@cache
def licence_seal() -> bytes:
    """The issuing department's seal, with the picture the wallet draws."""
    type_, authority = catalogue.get_type(LICENCE_TYPE), licence_authority()
    unsigned = build_seal(
        seal_id=f"{type_.issuer}20261101000000",
        vendor_id="YUNJIAN",
        name=type_.issuer_name,
        kind=1,
        picture=draw_seal_picture(type_.issuer_name, font=fonts.data(fonts.Face.TITLE)),
        picture_type="PNG",
        width_mm=42,
        height_mm=42,
        signer_certificates=[authority.signer_certificates[type_.issuer]],
        maker_certificate=authority.maker_certificate,
        created_at=AT - timedelta(days=10),
        valid_from=AT - timedelta(days=10),
        valid_until=AT + timedelta(days=1000),
    )
    return unsigned.complete(authority.keys.sign_now(devca.MAKER_KEY, unsigned.to_sign))


@cache
def drawn_licence() -> bytes:
    """A one-page licence as the wallet draws it, without a seal."""
    return face.draw(
        FaceData(
            licence_type=LICENCE_TYPE,
            facts=catalogue.check_facts(LICENCE_TYPE, FACTS, numbered=True),
            number="JZ31011700012345",
            identifier="1.2.156.3005.2.11100000MB0000000X.11310117000000000X.JZ31011700012345.001.X",
            holder_name="张演示",
            holder_id_type="111",
            holder_id_no="310199199003071017",
            issued_on=date(2026, 11, 25),
            valid_to=date(2027, 11, 24),
            document_id="0" * 32,
            drawn_at=AT,
        )
    )


def begun_licence(document: bytes | None = None) -> Unsigned:
    """The licence, or another document, waiting for the department's signature."""
    issuer = catalogue.get_type(LICENCE_TYPE).issuer
    return begin_seal(
        document or drawn_licence(),
        seal=licence_seal(),
        signer_certificate=licence_authority().signer_certificates[issuer],
        at=AT,
        boundary=face.seal_box(LICENCE_TYPE),
        provider="云间证",
    )


def department_signs(unsigned: Unsigned) -> bytes:
    """The department's signature over what waits for it."""
    issuer = catalogue.get_type(LICENCE_TYPE).issuer
    return licence_authority().keys.sign_now(devca.signer_key(issuer), unsigned.to_sign)


@cache
def sealed_licence() -> tuple[bytes, TrustList, datetime]:
    """A sealed licence, whom to trust for it, and a time at which both are good."""
    unsigned = begun_licence()
    document = unsigned.complete(department_signs(unsigned))
    return document, licence_authority().trust, AT + timedelta(hours=1)


def large_document(*, pages: int = 200, picture_bytes: int = 500_000) -> bytes:
    """A document of many pages without a seal, each with a picture that does not deflate."""
    random = Random(1)
    package = open_package(drawn_licence(), Limits())
    files = {name: package.read(name) for name in package.names}
    listed = [
        f'<ofd:Page ID="{9000 + number}" BaseLoc="Pages/Page_{number}/Content.xml"/>'
        for number in range(1, pages)
    ]
    pictures = [
        f'<ofd:MultiMedia ID="{19000 + number}" Type="Image">'
        f"<ofd:MediaFile>picture_{number}.jpg</ofd:MediaFile></ofd:MultiMedia>"
        for number in range(pages)
    ]
    root, resources = files["Doc_0/Document.xml"], files["Doc_0/PublicRes.xml"]
    files["Doc_0/Document.xml"] = root.replace(
        b"</ofd:Pages>", "".join(listed).encode() + b"</ofd:Pages>"
    )
    files["Doc_0/PublicRes.xml"] = resources.replace(
        b"</ofd:Res>",
        f"<ofd:MultiMedias>{''.join(pictures)}</ofd:MultiMedias></ofd:Res>".encode(),
    )
    for number in range(pages):
        files[f"Doc_0/Pages/Page_{number}/Content.xml"] = files["Doc_0/Pages/Page_0/Content.xml"]
        files[f"Doc_0/Res/picture_{number}.jpg"] = random.randbytes(picture_bytes)
    return write_package(files)


@dataclass(frozen=True)
class ShownPass:
    """A bound pass as a reader sees it, with what the reader needs to judge it."""

    text: str
    signer_certificate: bytes
    trust: TrustList
    status: StatusToken
    at: datetime


@cache
def shown_pass(suite: str) -> ShownPass:
    """A pass whose issuer uses this suite, shown by its phone at AT, the licence in force."""
    department, lists = "DEPT", "LISTS"
    issuer = devca.make(
        organisation="云间市",
        departments={department: "云间市公安局", lists: "云间市大数据中心"},
        at=AT - timedelta(days=30),
        suite=suite,
    )
    phone = ec.generate_private_key(ec.SECP256R1())
    point = phone.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    pass_bytes = _pass(issuer, department, phone_key=point)
    shown_at = int(AT.timestamp())
    message = passes.proof_message(pass_bytes, shown_at)
    proof = to_raw(phone.sign(message, ec.ECDSA(hashes.SHA256())))
    return ShownPass(
        text=passes.encode(pass_bytes, shown_at=shown_at, proof=proof),
        signer_certificate=issuer.signer_certificates[department],
        trust=issuer.trust,
        status=_status_list(issuer, lists),
        at=AT,
    )


def _pass(issuer: devca.DevelopmentAuthority, department: str, *, phone_key: bytes) -> bytes:
    claims = passes.Claims(
        id=b"pass0001",
        issued_at=AT,
        expires_at=AT + timedelta(hours=24),
        status_list=3,
        status_index=77_001,
        licence=passes.Licence(
            type_key="res",
            number="JZ3101****2345",
            holder="张*示",
            valid_until=date(2027, 11, 24),
            version=1,
            identifier_digest=bytes(range(8)),
        ),
        phone_key=phone_key,
    )
    unsigned = passes.begin_pass(claims, signer_certificate=issuer.signer_certificates[department])
    return unsigned.complete(issuer.keys.sign_now(devca.signer_key(department), unsigned.to_sign))


def _status_list(issuer: devca.DevelopmentAuthority, signer: str) -> StatusToken:
    unsigned = statuslist.begin_token(
        StatusList.of({77_001: Status.VALID}),
        uri="https://example.test/status-lists/3",
        at=AT,
        signer_certificate=issuer.signer_certificates[signer],
    )
    signature = issuer.keys.sign_now(devca.signer_key(signer), unsigned.to_sign)
    return statuslist.parse_token(unsigned.complete(signature))
