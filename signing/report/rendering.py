"""A report for people and for programs: plain text, JSON with its schema. HTML is beside this.

Everything in a report may come from a hostile file: control and direction characters are shown
as U+FFFD in texts for people, so that no name can rewrite the line that it stands in.
"""

import json
import typing
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any

from signing.report.findings import REASONS
from signing.report.report import Check, Outcome, SealReport, SignatureReport, Verdict
from signing.report.words import OUTCOMES, VERDICTS, Words, check_words, reason_words

FORMAT = "yunjian-seal-report/1"
SCHEMA_ID = "https://yunjian.example/schemas/seal-report.schema.json"
MARKS: Mapping[Outcome, str] = {
    Outcome.PASS: "✓",
    Outcome.FAIL: "✗",
    Outcome.UNKNOWN: "?",
    Outcome.WARNING: "!",
    Outcome.SKIPPED: "-",
}


class Language(StrEnum):
    CHINESE = "zh"
    ENGLISH = "en"
    BOTH = "both"

    def pick(self, words: Words, separator: str = " ") -> str:
        if self is Language.BOTH:
            return words.both(separator)
        return words.zh if self is Language.CHINESE else words.en


def visible(text: str) -> str:
    """The text without characters that act instead of showing."""
    return "".join(
        "�" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") else character
        for character in text
    )


def headline(report: SealReport, language: Language) -> str:
    """The verdict and, unless it is valid, why."""
    verdict = language.pick(VERDICTS[report.verdict])
    reasons = [language.pick(reason_words(reason)) for reason in report.reasons]
    return f"{verdict}: {'; '.join(reasons)}" if reasons else verdict


def facts(signature: SignatureReport, language: Language) -> Iterator[tuple[str, str]]:
    """What a signature states about itself, label and value, without the empty ones."""
    at = signature.signed_at
    stated = (
        (Words("印章", "Seal"), signature.seal_name),
        (Words("印章编号", "Seal number"), signature.seal_id),
        (Words("签章人", "Signer"), signature.signer),
        (Words("单位", "Organisation"), signature.organisation),
        (Words("证书序列号", "Certificate serial"), signature.certificate_serial),
        (Words("制章人", "Seal maker"), signature.maker),
        (Words("签章时间", "Signed at"), at.isoformat() if at else ""),
        (Words("算法", "Suite"), signature.suite),
        (Words("结构", "Structure"), signature.structure),
    )
    for words, value in stated:
        if value:
            yield language.pick(words), visible(value)


def sentence(check: Check, language: Language) -> str:
    return visible(language.pick(Words(check.detail, check.detail_en)))


def as_text(report: SealReport, *, name: str = "", language: Language = Language.BOTH) -> str:
    """Lines for a terminal or a letter; `name` is what the reader calls the file."""
    lines = [f"{visible(name)}: {headline(report, language)}".removeprefix(": ")]
    for signature in report.signatures:
        lines.append(f"  [{visible(signature.id) or '-'}]")
        lines += [f"    {label}: {value}" for label, value in facts(signature, language)]
    for check in report.checks:
        where = f"[{visible(check.signature)}] " if check.signature else ""
        label = language.pick(check_words(check.name))
        lines.append(f"  {MARKS[check.outcome]} {where}{label}: {sentence(check, language)}")
    return "\n".join(lines) + "\n"


def as_json(report: SealReport) -> str:
    """One object as `json_schema` describes it, on one line."""
    return json.dumps({"format": FORMAT, **report.to_dict()}, ensure_ascii=False)


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `as_json`, made from the types that it is made of."""
    check = _object_of(Check)
    check["properties"]["reason"] = {"anyOf": [{"enum": sorted(REASONS)}, {"type": "null"}]}
    report = _object_of(SealReport)
    report["properties"]["reasons"]["items"] = {"enum": sorted(REASONS)}
    report["properties"] = {"format": {"const": FORMAT}, **report["properties"]}
    report["properties"]["file"] = {"type": "string", "description": "on the command line"}
    report["required"] = ["format", *report["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Report on the seals and signatures of a document",
        **report,
        "$defs": {
            "Check": check,
            "SignatureReport": _object_of(SignatureReport),
            "Verdict": {"enum": [verdict.value for verdict in Verdict]},
            "Outcome": {
                "enum": [outcome.value for outcome in Outcome],
                "description": "; ".join(f"{key.value}: {OUTCOMES[key].en}" for key in Outcome),
            },
        },
    }


def _object_of(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {
        "type": "object",
        "properties": {name: _schema_of(hint) for name, hint in hints.items()},
        "required": list(hints),
        "additionalProperties": False,
    }


def _schema_of(hint: Any) -> dict[str, Any]:
    simple: dict[Any, dict[str, Any]] = {
        str: {"type": "string"},
        bool: {"type": "boolean"},
        NoneType: {"type": "null"},
        datetime: {"type": "string", "format": "date-time"},
        Check: {"$ref": "#/$defs/Check"},
        SignatureReport: {"$ref": "#/$defs/SignatureReport"},
        Verdict: {"$ref": "#/$defs/Verdict"},
        Outcome: {"$ref": "#/$defs/Outcome"},
    }
    if hint in simple:
        return simple[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is UnionType:
        return {"anyOf": [_schema_of(argument) for argument in arguments]}
    if origin is tuple or origin is Sequence:
        return {"type": "array", "items": _schema_of(arguments[0])}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema_of(arguments[1])}
    raise TypeError(f"no schema for {hint}")
