"""`python -m signing seal` and `make-seal`: seal a document, make an e-seal.

For small offices, tests and trying things out. Keys come from unencrypted files; where a key
matters, keep it in a module (docs/how-to/keep-the-key-in-an-hsm.md).
"""

import argparse
import os
import secrets
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from signing.errors import InvalidKey, SealRefused, SigningError
from signing.pdf import begin_pdf_seal, is_pdf
from signing.pki import certificates, key_files
from signing.seal import eseal
from signing.seal.begin import Unsigned, begin_seal, insist_usable
from signing.seal.making import build_seal
from signing.seal.picture import DIAMETER_MM, draw_seal_picture
from signing.seal.placing import Boundary, Edge, Placement, Riding
from signing.suites import Suite

if TYPE_CHECKING:
    from signing.pdf.sealing import UnsignedPdf

_PROVIDER, _VENDOR = "云间证", "YUNJIAN"
_PICTURES = ((b"\x89PNG\r\n\x1a\n", "PNG"), (b"\xff\xd8\xff", "JPG"), (b"BM", "BMP"))
_YEAR = timedelta(days=365)


_Parser = TypeVar("_Parser", bound=argparse.ArgumentParser)


def register(commands: "argparse._SubParsersAction[_Parser]") -> None:
    """Add both commands to the command line."""
    seal = commands.add_parser("seal", help="seal an OFD, or a PDF with the picture of the seal")
    seal.add_argument("file", type=Path, metavar="IN")
    seal.add_argument("--seal", type=Path, required=True, metavar="FILE.esl")
    seal.add_argument("--key", type=Path, required=True, help="the signer's private key, PEM")
    seal.add_argument("--certificate", type=Path, required=True, help="signer first, then chain")
    seal.add_argument(
        "--page", type=_pages, metavar="N[,N…]", help="counted from 1; 1 without --riding"
    )
    seal.add_argument(
        "--boundary",
        type=_boundary,
        metavar="X,Y,W,H",
        help="place in mm from the upper left corner; lower right on the page by default",
    )
    riding = seal.add_argument_group("riding seal (骑缝章), OFD only")
    riding.add_argument("--riding", choices=list(Edge), help="over this edge of all pages")
    riding.add_argument("--riding-at", type=float, metavar="MM", help="from the upper or left end")
    riding.add_argument(
        "--riding-pages", type=int, metavar="N", help="a seal for every N pages at most"
    )
    seal.add_argument("--provider", default=_PROVIDER, help="named in Signature.xml")
    _add_common(seal)
    seal.set_defaults(run=_seal)
    make = commands.add_parser("make-seal", help="make an e-seal for these signers")
    make.add_argument("--name", required=True, help="name of the seal")
    make.add_argument("--id", help="number of the seal; random by default")
    make.add_argument("--vendor", default=_VENDOR, help="vendor identifier in the header")
    make.add_argument("--kind", type=int, choices=(1, 2), default=1, help="1 unit, 2 person")
    make.add_argument("--maker-key", type=Path, required=True)
    make.add_argument("--maker-certificate", type=Path, required=True)
    make.add_argument("--signer-certificate", type=Path, required=True, action="append")
    look = make.add_mutually_exclusive_group(required=True)
    look.add_argument("--picture", type=Path, help="PNG, JPEG or BMP")
    look.add_argument("--font", type=Path, help="draw a round seal with this font")
    make.add_argument("--size", type=int, default=DIAMETER_MM, help="width and height in mm")
    make.add_argument("--years", type=float, default=10.0, help="how long it is valid")
    _add_common(make)
    make.set_defaults(run=_make_seal)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--at", type=_time, help="time to state, ISO 8601; now by default")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--force", action="store_true", help="replace OUT when it exists")


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _boundary(text: str) -> Boundary:
    numbers = [float(part) for part in text.split(",")]
    if len(numbers) != 4:
        raise argparse.ArgumentTypeError("four numbers are needed: x,y,width,height")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _pages(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _stamps(options: argparse.Namespace) -> list[Placement | Riding]:
    """What --page and --riding ask for; page 1 when neither does."""
    pages = options.page or ([] if options.riding else [1])
    stamps: list[Placement | Riding] = [Placement(page, options.boundary) for page in pages]
    if options.riding:
        edge = Edge(options.riding)
        stamps.append(Riding(edge, along=options.riding_at, pages_each=options.riding_pages))
    return stamps


def _moment(options: argparse.Namespace) -> datetime:
    now = datetime.now(UTC)  # noqa: TID251 - the command line is an edge
    found: datetime = options.at or now
    return found.replace(microsecond=0)


def _seal(options: argparse.Namespace) -> int:
    _insist_free(options)
    document, seal = options.file.read_bytes(), options.seal.read_bytes()
    signer, *chain = key_files.read_certificates(options.certificate.read_bytes())
    suite, secret = _key_for(signer, options.key)
    begin = _begin_pdf if is_pdf(document) else _begin_ofd
    unsigned = begin(document, seal, signer, chain, options)
    sealed = unsigned.complete(suite.sign(secret, unsigned.to_sign))
    _write(options.out, sealed)
    print(f"{options.out}: {len(sealed)} bytes")
    return 0


def _begin_ofd(
    document: bytes, seal: bytes, signer: bytes, _: list[bytes], options: argparse.Namespace
) -> Unsigned:
    return begin_seal(
        document,
        seal=seal,
        signer_certificate=signer,
        at=_moment(options),
        stamps=_stamps(options),
        provider=options.provider,
    )


def _begin_pdf(
    document: bytes, seal: bytes, signer: bytes, chain: list[bytes], options: argparse.Namespace
) -> "UnsignedPdf":
    """A PDF signature has one place on one page (ISO 32000-2, 12.7.5.5)."""
    pages = options.page or [1]
    if options.riding or len(pages) > 1:
        raise SealRefused("a PDF signature is shown once; further and riding seals need an OFD")
    parsed, at = eseal.parse_seal(seal), _moment(options)
    insist_usable(parsed, certificates.parse(signer), at)
    return begin_pdf_seal(
        document,
        signer_certificate=signer,
        at=at,
        picture=parsed.picture.data,
        boundary=options.boundary,
        page=pages[0],
        chain=chain,
    )


def _make_seal(options: argparse.Namespace) -> int:
    _insist_free(options)
    maker, *_ = key_files.read_certificates(options.maker_certificate.read_bytes())
    suite, secret = _key_for(maker, options.maker_key)
    signers = [
        key_files.read_certificates(path.read_bytes())[0] for path in options.signer_certificate
    ]
    at = _moment(options)
    if options.picture is not None:
        picture = options.picture.read_bytes()
    else:
        picture = draw_seal_picture(options.name, font=options.font.read_bytes())
    unsigned = build_seal(
        seal_id=options.id or f"YJ{secrets.randbelow(10**16):016d}",
        vendor_id=options.vendor,
        name=options.name,
        kind=options.kind,
        picture=picture,
        picture_type=_picture_type(picture),
        width_mm=options.size,
        height_mm=options.size,
        signer_certificates=signers,
        maker_certificate=maker,
        created_at=at,
        valid_from=at,
        valid_until=at + options.years * _YEAR,
    )
    seal = unsigned.complete(suite.sign(secret, unsigned.to_sign))
    _write(options.out, seal)
    print(f"{options.out}: {eseal.parse_seal(seal).seal_id}")
    return 0


def _key_for(certificate: bytes, path: Path) -> tuple[Suite, bytes]:
    """The private key of this file; raises InvalidKey unless it belongs to the certificate."""
    suite, secret = key_files.read_private_key(path.read_bytes())
    if suite.public_key(secret) != certificates.parse(certificate).spki:
        raise InvalidKey(f"{path.name} is not the key of this certificate")
    return suite, secret


def _picture_type(picture: bytes) -> str:
    for start, name in _PICTURES:
        if picture.startswith(start):
            return name
    raise SigningError("the picture is neither PNG nor JPEG nor BMP")


def _insist_free(options: argparse.Namespace) -> None:
    if options.out.exists() and not options.force:
        raise SealRefused(f"{options.out} exists; --force replaces it")


def _write(path: Path, content: bytes) -> None:
    """All or nothing: whoever reads the path never sees half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
