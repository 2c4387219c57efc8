"""What a photographed page says about a form: suggestions the applicant may take, one by one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.files.blobs import Blobs
from core.files.recognition import Line, Recogniser, RecognitionOff
from identity.principal import Principal
from services.cases import errors, moves
from services.cases.materials import papers
from services.cases.models import MaterialFile
from services.cases.rules import forms
from services.guides.definitions import FormField

_READABLE = frozenset(
    {"string", "text", "phone", "idno", "uscc", "date", "address", "decimal", "enum"}
)
_LEAST_CONFIDENCE = 0.8
_PICTURES = ("image/jpeg", "image/png")
_GAP = re.compile(r"\s{2,}|\t")
"""What parts two columns of a printed form."""


@dataclass(frozen=True, slots=True, repr=False)
class Hint:
    key: str
    label: str
    value: str
    """In the form's own notation; it would be accepted as it is."""


async def read(
    case_id: UUID,
    code: str,
    file_id: UUID,
    *,
    by: Principal,
    blobs: Blobs,
    recogniser: Recogniser | None,
) -> list[Hint]:
    """Suggestions from one picture of the caller's case. Nothing is stored.

    Raises `RecognitionOff`, `RecognitionUnavailable`, `FileNotFound`, and what
    `materials.open_requirement` raises.
    """
    if recogniser is None:
        raise RecognitionOff()
    case, _ = await papers.open_requirement(case_id, code, by=by)
    stored = await MaterialFile.get_or_none(
        id=file_id, material__case_id=case.id, material__code=code
    )
    if stored is None or stored.media_type not in _PICTURES:
        raise errors.FileNotFound()
    guide = await moves.guide_of(case)
    free = [entry for entry in guide.fields if entry.key not in guide.presets]
    picture = await blobs.get(stored.digest)
    lines = await recogniser.read(picture, media_type=stored.media_type)
    return suggest(free, lines, values=moves.effective_values(case, guide))


def suggest(
    fields: Sequence[FormField], lines: Sequence[Line], *, values: Mapping[str, object]
) -> list[Hint]:
    """For each field the first line that begins with its label and says something that fits."""
    texts = [line.text.strip() for line in lines if line.confidence >= _LEAST_CONFIDENCE]
    hints = []
    for entry in fields:
        if entry.type not in _READABLE:
            continue
        found = _fitting(entry, texts)
        if found is not None and found != values.get(entry.key):
            hints.append(Hint(entry.key, entry.label, found))
    return hints


def _fitting(entry: FormField, texts: Sequence[str]) -> str | None:
    label = r"\s*".join(re.escape(sign) for sign in entry.label)
    begins = re.compile(rf"{label}\s*(?:[:：]\s*|\s+|$)")
    for place, text in enumerate(texts):
        start = begins.match(text)
        if start is None:
            continue
        said = text[start.end() :] or "".join(texts[place + 1 : place + 2])
        said = _GAP.split(said.strip())[0]
        try:
            value = forms.check([entry], {entry.key: said})[entry.key]
        except errors.InvalidForm:
            continue
        if isinstance(value, str):
            return value
    return None
