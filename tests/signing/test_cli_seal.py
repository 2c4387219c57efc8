"""`seal` and `make-seal`: from key files to a document that `verify` accepts."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from signing import InvalidKey, MalformedCertificate
from signing.cli.main import main
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.pki import key_files
from signing.seal import eseal
from signing.suites import P256_SHA256, RSA_SHA256, SM2_SM3, Suite
from tests.signing import openssl, pdf_makers
from tests.signing.makers import (
    AT,
    DEPARTMENT,
    OTHER,
    authority,
    key_pem,
    licence,
    paged,
    pem,
)

FONT = Path(__file__).parents[2] / "papers" / "faces" / "fonts" / "NotoSerifSC-Bold-GB2312.otf"


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A folder with keys, certificates, a trust list and documents."""
    _fill(tmp_path, authority())
    (tmp_path / "in.ofd").write_bytes(licence())
    (tmp_path / "in.pdf").write_bytes(pdf_makers.plain())
    (tmp_path / "picture.png").write_bytes(pdf_makers.picture())
    return tmp_path


def _fill(folder: Path, ca: DevelopmentAuthority) -> None:
    for name in (devca.MAKER_KEY, devca.signer_key(DEPARTMENT), devca.signer_key(OTHER)):
        key = ca.keys._keys[name]
        short = name.replace("signer:", "")
        (folder / f"{short}.key").write_bytes(key_pem(key.suite, key.secret))
        (folder / f"{short}.pem").write_bytes(pem("CERTIFICATE", key.certificate))
    (folder / "trust.json").write_bytes(ca.trust.to_bytes())


def make_seal(folder: Path, *more: str) -> int:
    look = () if any(part in ("--font", "--picture") for part in more) else ("--picture",)
    paths = (str(folder / "picture.png"),) if look else ()
    return main(
        [
            *("make-seal", "--name", "云间市行政审批局", "--at", AT.isoformat()),
            *("--maker-key", str(folder / "maker.key")),
            *("--maker-certificate", str(folder / "maker.pem")),
            *("--signer-certificate", str(folder / f"{DEPARTMENT}.pem")),
            *("--out", str(folder / "seal.esl"), *look, *paths, *more),
        ]
    )


def seal(folder: Path, name: str, *more: str, by: str = DEPARTMENT) -> int:
    return main(
        [
            *("seal", str(folder / f"in.{name}"), "--seal", str(folder / "seal.esl")),
            *("--key", str(folder / f"{by}.key"), "--certificate", str(folder / f"{by}.pem")),
            *("--at", AT.isoformat(), "--out", str(folder / f"out.{name}"), *more),
        ]
    )


def verify(folder: Path, name: str) -> int:
    trust = ("--trust", str(folder / "trust.json"), "--at", AT.isoformat())
    return main(["verify", *trust, str(folder / name)])


@pytest.mark.parametrize("name", ["ofd", "pdf"])
def test_made_seal_seals_documents_that_verify(office: Path, name: str) -> None:
    assert make_seal(office) == 0
    assert seal(office, name, "--boundary", "10,20,30,30") == 0

    assert verify(office, "seal.esl") == 0
    assert verify(office, f"out.{name}") == 0


def test_stamps_and_a_riding_seal_by_command(
    office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_seal(office)
    (office / "in.ofd").write_bytes(paged(3))

    where = ("--page", "1,3", "--riding", "left", "--riding-at", "30")
    assert seal(office, "ofd", *where) == 0
    assert verify(office, "out.ofd") == 0

    shown = capsys.readouterr().out
    assert "印章盖在第 1, 3 页" in shown
    assert "骑缝章覆盖第 1-3 页" in shown


@pytest.mark.parametrize(
    ("name", "where", "why"),
    [
        ("ofd", ("--riding", "right"), "two pages"),
        ("ofd", ("--page", "1,2"), "no page 2"),
        ("ofd", ("--boundary", "200,10,42,42"), "does not fit on page 1"),
        ("pdf", ("--riding", "right"), "OFD"),
        ("pdf", ("--page", "1,1"), "OFD"),
    ],
)
def test_seal_that_has_no_such_place_is_refused_by_command(
    office: Path, name: str, where: Sequence[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_seal(office)

    assert seal(office, name, *where) == 1
    assert why in capsys.readouterr().err
    assert not (office / f"out.{name}").exists()


@pytest.mark.parametrize("suite", [P256_SHA256, RSA_SHA256])
def test_other_suites_seal_too(office: Path, suite: Suite) -> None:
    _fill(office, pdf_makers.authority(suite.name))

    assert make_seal(office) == 0
    assert seal(office, "pdf") == 0
    assert verify(office, "out.pdf") == 0


def test_drawn_seal_carries_name_number_and_size(office: Path) -> None:
    assert make_seal(office, "--font", str(FONT), "--id", "3101170000001", "--size", "45") == 0

    made = eseal.parse_seal((office / "seal.esl").read_bytes())
    assert (made.name, made.seal_id) == ("云间市行政审批局", "3101170000001")
    assert (made.picture.width, made.picture.height) == (45, 45)
    assert made.valid_from == AT


def test_signer_who_is_not_listed_seals_nothing(
    office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_seal(office)

    for name in ("ofd", "pdf"):
        assert seal(office, name, by=OTHER) == 1
        assert "does not list this signer" in capsys.readouterr().err
        assert not (office / f"out.{name}").exists()


def test_key_of_another_certificate_is_refused(
    office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_seal(office)

    assert seal(office, "ofd", "--key", str(office / "maker.key")) == 1
    assert "invalid-key" in capsys.readouterr().err


def test_existing_file_is_replaced_only_on_demand(office: Path) -> None:
    assert make_seal(office) == 0
    before = (office / "seal.esl").read_bytes()

    assert make_seal(office) == 1
    assert (office / "seal.esl").read_bytes() == before
    assert make_seal(office, "--force") == 0
    assert (office / "seal.esl").read_bytes() != before
    assert sorted(path.name for path in office.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize(
    "more",
    [
        ("--boundary", "1,2,3"),
        ("--boundary", "a,b,c,d"),
        ("--page", "one"),
        ("--at", "yesterday"),
    ],
)
def test_wrong_arguments_leave_64(office: Path, more: Sequence[str]) -> None:
    with pytest.raises(SystemExit) as left:
        seal(office, "ofd", *more)

    assert left.value.code == 64


@openssl.needs_openssl
@pytest.mark.parametrize(
    ("arguments", "suite"),
    [
        (("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"), SM2_SM3),
        (("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"), P256_SHA256),
        (("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"), RSA_SHA256),
    ],
    ids=["sm2", "p256", "rsa"],
)
def test_keys_written_by_openssl_are_read(
    tmp_path: Path, arguments: Sequence[str], suite: Suite
) -> None:
    path, public = tmp_path / "key.pem", tmp_path / "public.der"
    openssl.run("genpkey", *arguments, "-out", str(path))
    openssl.run("pkey", "-in", str(path), "-pubout", "-outform", "DER", "-out", str(public))

    found, secret = key_files.read_private_key(path.read_bytes())

    assert found is suite
    assert found.public_key(secret) == public.read_bytes()


def test_sm2_key_under_the_label_of_openssl_ec_is_read() -> None:
    secret = bytes(31) + b"\x07"
    data = key_pem(SM2_SM3, secret).replace(b"EC PRIVATE", b"SM2 PRIVATE")

    assert key_files.read_private_key(data) == (SM2_SM3, secret)


@pytest.mark.parametrize("size", ["148 210", "210 297", "60 60"])
def test_seal_without_a_place_stands_lower_right_on_any_page(office: Path, size: str) -> None:
    (office / "in.ofd").write_bytes(paged(1, size=f"0 0 {size}"))
    assert make_seal(office) == 0

    assert seal(office, "ofd") == 0
    assert verify(office, "out.ofd") == 0


def test_pdf_seal_without_a_place_stands_on_its_page(office: Path) -> None:
    small = pdf_makers.plain().replace(b"[0 0 595 842]", b"[0 0 420 595]")
    (office / "in.pdf").write_bytes(small)
    assert make_seal(office) == 0

    assert seal(office, "pdf") == 0
    assert verify(office, "out.pdf") == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30\x00",
        pem("PRIVATE KEY", b"\x30\x03\x02\x01\x00"),
        pem("ENCRYPTED PRIVATE KEY", b"\x30\x00"),
        pem("CERTIFICATE", b"\x30\x00"),
        pem("EC PRIVATE KEY", b"\x30\x06\x02\x01\x01\x04\x01\x07"),
    ],
)
def test_what_is_no_key_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidKey):
        key_files.read_private_key(data)


def test_what_is_no_certificate_is_refused() -> None:
    for data in (b"", b"text", pem("CERTIFICATE", b"\x30\x00")):
        with pytest.raises(MalformedCertificate):
            key_files.read_certificates(data)
