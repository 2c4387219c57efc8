"""Makers of things to sign, and of documents signed by hand, right or wrong, for the attacks."""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from signing import build_seal, sm3, write_package
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.ofd import signatures
from signing.ofd.signatures import Listed
from signing.ofd.stamps import Box, Stamp
from signing.pki import certificates, issuing
from signing.seal import esignature
from signing.suites import P256_SHA256, RSA_SHA256, SM2_SM3, Suite

AT = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
DEPARTMENT = "approval"
OTHER = "police"
BOX = (140.0, 200.0, 42.0, 42.0)
NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
FOLDER = "Doc_0/Signs/Sign_0"
LIST = "Doc_0/Signs/Signatures.xml"


def licence_files(text: str = "有效期至二〇三一年") -> dict[str, bytes]:
    """A one-page document with a resource, a template page and an attachment."""
    parts = {
        "OFD.xml": (
            f'<ofd:OFD {NS} Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
            "<ofd:DocID>0f7f3c1e5b5a4c2f9a6d1b2c3d4e5f60</ofd:DocID></ofd:DocInfo>"
            "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
        ),
        "Doc_0/Document.xml": (
            f"<ofd:Document {NS}><ofd:CommonData><ofd:MaxUnitID>40</ofd:MaxUnitID>"
            "<ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>"
            "<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>"
            '<ofd:TemplatePage ID="2" BaseLoc="Tpls/Tpl_0/Content.xml"/></ofd:CommonData>'
            '<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>'
            "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>"
        ),
        "Doc_0/DocumentRes.xml": (
            f'<ofd:Res {NS} BaseLoc="Res"><ofd:MultiMedias>'
            '<ofd:MultiMedia ID="5" Type="Image"><ofd:MediaFile>image_5.png</ofd:MediaFile>'
            "</ofd:MultiMedia></ofd:MultiMedias></ofd:Res>"
        ),
        "Doc_0/Tpls/Tpl_0/Content.xml": f"<ofd:Page {NS}/>",
        "Doc_0/Pages/Page_0/Content.xml": (
            f'<ofd:Page {NS}><ofd:Content><ofd:Layer ID="10"><ofd:TextObject ID="20" '
            f'Boundary="80 60 60 6.5" Font="3" Size="5"><ofd:TextCode X="0" Y="4">{text}'
            "</ofd:TextCode></ofd:TextObject></ofd:Layer></ofd:Content></ofd:Page>"
        ),
        "Doc_0/Attachs/Attachments.xml": (
            f'<ofd:Attachments {NS}><ofd:Attachment ID="a001" Name="licence">'
            "<ofd:FileLoc>licence.xml</ofd:FileLoc></ofd:Attachment></ofd:Attachments>"
        ),
        "Doc_0/Attachs/licence.xml": "<licence>TEST-2026-000001</licence>",
    }
    files = {name: content.encode() for name, content in parts.items()}
    files["Doc_0/Res/image_5.png"] = b"\x89PNG not really \x00\x01\x02" * 20
    return files


def licence(text: str = "有效期至二〇三一年") -> bytes:
    return write_package(licence_files(text))


def paged_files(
    count: int, *, size: str = "0 0 210 297", own_sizes: Mapping[int, str] | None = None
) -> dict[str, bytes]:
    """The document of `licence_files` with so many pages; some may state a size of their own."""
    files = licence_files()
    listed, areas = "", own_sizes or {}
    for page in range(1, count + 1):
        name = f"Pages/Page_{page - 1}/Content.xml"
        listed += f'<ofd:Page ID="{page}" BaseLoc="{name}"/>'
        own = areas.get(page, "")
        area = f"<ofd:Area><ofd:PhysicalBox>{own}</ofd:PhysicalBox></ofd:Area>" if own else ""
        files[f"Doc_0/{name}"] = f"<ofd:Page {NS}>{area}</ofd:Page>".encode()
    document = files["Doc_0/Document.xml"].decode().replace("0 0 210 297", size)
    first = '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>'
    files["Doc_0/Document.xml"] = document.replace(first, listed).encode()
    return files


def paged(
    count: int, *, size: str = "0 0 210 297", own_sizes: Mapping[int, str] | None = None
) -> bytes:
    return write_package(paged_files(count, size=size, own_sizes=own_sizes))


@cache
def authority(organisation: str = "云间市") -> DevelopmentAuthority:
    """A development authority with two departments, valid from a month before AT."""
    departments = {DEPARTMENT: "云间市行政审批局", OTHER: "云间市公安局"}
    return devca.make(
        organisation=organisation, departments=departments, at=AT - timedelta(days=30)
    )


def make_seal(
    ca: DevelopmentAuthority,
    *,
    department: str = DEPARTMENT,
    signers: Iterable[bytes] | None = None,
    valid_from: datetime = AT - timedelta(days=10),
    valid_until: datetime = AT + timedelta(days=1000),
    maker: str = devca.MAKER_KEY,
    picture: bytes = b"\x89PNG\r\n\x1a\nimpression",
) -> bytes:
    """A seal for a department; `maker` names the key that signs it."""
    maker_certificate = ca.maker_certificate
    if maker != devca.MAKER_KEY:
        maker_certificate = ca.signer_certificates[maker.removeprefix("signer:")]
    unsigned = build_seal(
        seal_id="YJ3101170000000001",
        vendor_id="YUNJIAN",
        name="云间市行政审批局电子证照专用章",
        kind=1,
        picture=picture,
        picture_type="PNG",
        width_mm=42,
        height_mm=42,
        signer_certificates=list(signers or [ca.signer_certificates[department]]),
        maker_certificate=maker_certificate,
        created_at=valid_from,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    return unsigned.complete(ca.keys.sign_now(maker, unsigned.to_sign))


def pem(label: str, der: bytes) -> bytes:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


def key_pem(suite: Suite, secret: bytes) -> bytes:
    """SEC 1 for the curves, PKCS #8 for RSA, as `openssl` writes them."""
    if suite is RSA_SHA256:
        return pem("PRIVATE KEY", secret)
    curve = {
        SM2_SM3: "06082a811ccf5501822d",
        P256_SHA256: "06082a8648ce3d030107",
    }[suite]
    body = b"\x02\x01\x01\x04\x20" + secret + b"\xa0\x0a" + bytes.fromhex(curve)
    return pem("EC PRIVATE KEY", bytes([0x30, len(body)]) + body)


@dataclass
class ByHand:
    """A signature put together step by step, so that each step can go wrong on purpose."""

    ca: DevelopmentAuthority = field(default_factory=authority)
    seal: bytes | None = None
    seal_file: bytes | None = None
    department: str = DEPARTMENT
    certificate: bytes | None = None
    key_id: str = ""
    at: datetime = AT
    leave_out: frozenset[str] = frozenset()
    method: str = SM2_SM3.digest_oid
    digest: Callable[[bytes], bytes] = sm3
    extra_references: tuple[tuple[str, bytes], ...] = ()
    description: Callable[[bytes], bytes] = lambda content: content

    def sign(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """These files with a seal on page 1. Whole mode, unless `leave_out` says otherwise."""
        made = dict(files)
        seal = self.seal or make_seal(self.ca, department=self.department)
        pointer = f"<ofd:Signatures>/{LIST}</ofd:Signatures></ofd:DocBody>".encode()
        made["OFD.xml"] = made["OFD.xml"].replace(b"</ofd:DocBody>", pointer, 1)
        entry = Listed("s001", "Seal", None, f"/{FOLDER}/Signature.xml", "")
        made[LIST] = signatures.write_list([entry], highest=2)
        made[f"{FOLDER}/Seal.esl"] = self.seal_file or seal
        covered = [name for name in made if name not in self.leave_out]
        digests = [(name, self.digest(made[name])) for name in covered]
        description = signatures.write_signature(
            provider="by hand",
            method=SM2_SM3.signature_oid,
            check_method=self.method,
            stated_time="20261201040000Z",
            digests=[*digests, *self.extra_references],
            stamped=[Stamp("s002", "1", Box(140, 200, 42, 42))],
            seal_file=f"{FOLDER}/Seal.esl",
            signed_value=f"{FOLDER}/SignedValue.dat",
        )
        description = self.description(description)
        made[f"{FOLDER}/Signature.xml"] = description
        made[f"{FOLDER}/SignedValue.dat"] = self.value(seal, sm3(description))
        return made

    def value(self, seal: bytes, data_hash: bytes) -> bytes:
        tbs = esignature.build_tbs(
            seal=seal,
            at=self.at,
            data_hash=data_hash,
            property_info=f"/{FOLDER}/Signature.xml",
        )
        key_id = self.key_id or devca.signer_key(self.department)
        certificate = self.certificate or self.ca.signer_certificates[self.department]
        return esignature.assemble(
            tbs,
            self.ca.keys.sign_now(key_id, tbs),
            signer_certificate=certificate,
            algorithm=SM2_SM3.signature_oid,
        )

    def document(self, files: Mapping[str, bytes] | None = None) -> bytes:
        return write_package(self.sign(files or licence_files()))


def issue(
    ca: DevelopmentAuthority,
    key_id: str,
    common_name: str,
    *,
    usages: frozenset[str],
    begins: datetime = AT - timedelta(days=20),
    ends: datetime = AT + timedelta(days=300),
    path_length: int | None = None,
    issuer_key: str = devca.ROOT_KEY,
    issuer: bytes | None = None,
    organisation: str = "云间市",
) -> bytes:
    """A further certificate of this authority, with a new key under `key_id`."""
    spki = ca.keys.create_now(key_id)
    parent = certificates.parse(issuer or ca.root_certificate)
    request = issuing.Request(
        issuing.Name(common_name, organisation),
        spki,
        len(ca.keys.key_ids) + 1000,
        begins,
        ends,
        usages,
        path_length=path_length,
    )
    tbs = issuing.signed_part(request, parent, parent.spki)
    der = issuing.assemble(tbs, ca.keys.sign_now(issuer_key, tbs), parent.spki)
    ca.keys.keep_certificate_now(key_id, der)
    return der
