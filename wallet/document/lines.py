"""Read the lines of an intake batch: one existing licence each, checked against its type. Pure.

A line is a JSON object in UTF-8; docs/how-to/send-existing-licences.md describes its members. Runs
in the process pool, some 100 µs a line.
"""

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree import ElementTree

import msgspec

from papers.ofd_xml import LICENCE
from signing import SigningError, TrustList, verify_document
from wallet.errors import InvalidFacts, LicenceTypeNotFound
from wallet.types import catalogue, check_digits, facts, validity
from wallet.types import identifier as identifiers
from wallet.types.facts import Facts
from wallet.types.licence_types import DraftRule, FieldType, LicenceType
from wallet.types.validity import LicenceState

LONGEST_LINE = 64 * 1024
STATES = frozenset({LicenceState.VALID, LicenceState.SUSPENDED})
"""What may be taken in: what is over stays in the archive it comes from."""


class HolderLine(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str
    id_no: str
    id_type: str = "111"


class Line(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a line may say."""

    type: str
    number: str
    holder: HolderLine
    facts: dict[str, object]
    issued_on: date
    valid_to: date | None = None
    identifier: str | None = None
    state: str = "valid"


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A line that may be taken in."""

    licence_type: str
    number: str
    holder_name: str
    holder_id_type: str
    holder_id_no: str
    facts: Facts
    issued_on: date
    valid_to: date | None
    identifier: str | None
    state: LicenceState
    document: bytes | None = None
    """The sealed OFD, for batches of documents."""


_decoder = msgspec.json.Decoder(Line)


def read_lines(lines: Sequence[bytes], *, department: str, today: date) -> list[Incoming | str]:
    """For each line the licence it tells of, or a Chinese sentence that says what is wrong."""
    return [_read(line, department, today) for line in lines]


def read_documents(
    documents: Sequence[bytes], *, department: str, trust: TrustList, at: datetime
) -> list[Incoming | str]:
    """The same for sealed OFDs: the seal must hold, then the document speaks for itself."""
    return [_read_document(data, department, trust, at) for data in documents]


def _read(text: bytes, department: str, today: date) -> Incoming | str:
    if len(text) > LONGEST_LINE:
        return "这一行过长"
    try:
        line = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"不是规定格式的 JSON：{error}"
    return check_line(line, department, today)


def check_line(
    line: Line, department: str, today: date, document: bytes | None = None
) -> Incoming | str:
    """The licence a line tells of, or what is wrong with it."""
    try:
        type_ = catalogue.get_type(line.type)
        rule = catalogue.rule_for(line.type)
        fault = _fault(line, type_, department, today)
        if fault:
            return fault
        stated = {**line.facts}
        if rule.number_field is not None:
            stated.setdefault(rule.number_field, line.number)
        checked = catalogue.check_facts(line.type, stated, numbered=True)
    except LicenceTypeNotFound:
        return f"没有证照类型 {line.type}"
    except InvalidFacts as error:
        return str(error)
    if rule.number_field is not None and checked[rule.number_field] != line.number:
        return f"{type_.number.label}与证照内容不一致"
    return Incoming(
        licence_type=type_.code,
        number=line.number,
        holder_name=line.holder.name.strip(),
        holder_id_type=line.holder.id_type,
        holder_id_no=line.holder.id_no.strip().upper(),
        facts=checked,
        issued_on=line.issued_on,
        valid_to=line.valid_to or _end(type_, rule, checked, line.issued_on),
        identifier=line.identifier,
        state=LicenceState(line.state),
        document=document,
    )


def _fault(line: Line, type_: LicenceType, department: str, today: date) -> str | None:
    """The first thing that is wrong around the facts."""
    number = line.holder.id_no.strip().upper()
    organisation = line.holder.id_type == "001"
    genuine = check_digits.is_credit_code if organisation else check_digits.is_identity_number
    parsed = identifiers.parse(line.identifier) if line.identifier else None
    faults = (
        (type_.issuer != department, "本部门不颁发这种证照"),
        (line.state not in STATES, "只接收有效或中止的证照"),
        (not facts.check_number(type_, line.number), f"{type_.number.label}的格式或校验位不正确"),
        (not line.holder.name.strip(), "请填写持证主体名称"),
        (line.holder.id_type not in ("001", "111"), "持证主体代码类型应为 001 或 111"),
        (not genuine(number), "持证主体代码不正确"),
        (line.issued_on > today, "颁发日期在今天之后"),
        (line.valid_to is not None and line.valid_to < line.issued_on, "有效期早于颁发日期"),
        (line.identifier is not None and parsed is None, "证照标识的格式或校验位不正确"),
        (
            parsed is not None and parsed.type_code != type_.type_code,
            "证照标识属于另一种证照类型",
        ),
    )
    return next((message for wrong, message in faults if wrong), None)


def _end(type_: LicenceType, rule: DraftRule, checked: Facts, issued_on: date) -> date | None:
    stated = checked.get(rule.valid_to) if rule.valid_to else None
    if isinstance(stated, str):
        return date.fromisoformat(stated)
    return validity.last_day(type_.validity, facts=checked, issued_on=issued_on)


def _read_document(data: bytes, department: str, trust: TrustList, at: datetime) -> Incoming | str:
    try:
        report = verify_document(data, trust=trust, at=at)
        if report.verdict != "valid":
            return f"签章核验不通过：{'、'.join(report.reasons) or report.verdict}"
    except SigningError:
        return "不是可识别的证照文件"
    line = line_of(data)
    if line is None:
        return "不是可识别的证照文件"
    return check_line(line, department, at.date(), data)


def line_of(data: bytes) -> Line | None:
    """The invisible original in a sealed licence, None when it cannot be read.

    Only for documents whose seal was found to hold, or that lie in our own store.
    """
    try:
        return _line_of(data)
    except (KeyError, ValueError, ElementTree.ParseError, zipfile.BadZipFile, zlib.error):
        return None


def _line_of(data: bytes) -> Line:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        root = ElementTree.fromstring(archive.read("Doc_0/Attachs/licence.xml"))  # noqa: S314
    meta = {one.get("Name"): one.text or "" for one in root.iter(f"{{{LICENCE}}}Meta")}
    types = {type_.type_code: type_ for type_ in catalogue.all_types()}
    type_ = types[meta["ZZLXDM"]]
    stated = {
        str(fact.get("Key")): _value(type_, str(fact.get("Key")), fact.text or "")
        for fact in root.iter(f"{{{LICENCE}}}Fact")
    }
    end = meta["ZZYXQJZRQ"]
    return Line(
        type=type_.code,
        number=meta["ZZBH"],
        holder=HolderLine(name=meta["CZZT"], id_no=meta["CZZTDM"], id_type=meta["CZZTDMLXDM"]),
        facts=stated,
        issued_on=date.fromisoformat(meta["ZZBFRQ"]),
        valid_to=date.fromisoformat(end) if end[:1].isdigit() else None,
        identifier=meta["ZZBS"],
    )


def _value(type_: LicenceType, key: str, text: str) -> object:
    field = type_.field(key)
    return text.split("\n") if field is not None and field.type is FieldType.LIST else text
