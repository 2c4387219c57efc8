"""Reports as text, JSON and HTML: complete, the same for both formats, and safe to show."""

import html.parser
import importlib.util
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signing import verify_document
from signing.report.findings import FINDINGS, REASONS
from signing.report.rendering import Language, as_json, as_text, json_schema, visible
from signing.report.rendering_html import as_html
from signing.report.report import Check, Outcome, SealReport, SignatureReport, Verdict
from signing.report.words import CHECKS, OUTCOMES, VERDICTS
from signing.report.words import REASONS as REASON_WORDS
from tests.signing import makers, pdf_makers
from tests.signing.makers import AT
from tests.signing.schema_checks import problems

ROOT = Path(__file__).parents[2]
HOSTILE = '<script>alert("1")</script>\u202e\x1b[31m\n"'


def hostile_report() -> SealReport:
    check = Check("seal", Outcome.FAIL, HOSTILE, HOSTILE, "bad-seal", HOSTILE, {"x": HOSTILE})
    found = SignatureReport(HOSTILE, HOSTILE, HOSTILE, signer=HOSTILE, signed_at=AT)
    return SealReport.conclude([check], [found])


def reports() -> list[SealReport]:
    ofd = makers.ByHand()
    pdf = pdf_makers.sealed()
    trust = pdf_makers.authority().trust
    return [
        verify_document(ofd.document(), trust=makers.authority().trust, at=AT),
        verify_document(ofd.document(), trust=trust, at=AT),
        verify_document(makers.licence(), trust=trust, at=AT),
        verify_document(pdf, trust=trust, at=AT),
        verify_document(pdf.replace(b"until 2031", b"until 2099"), trust=trust, at=AT),
        verify_document(b"%PDF-1.7", trust=trust, at=AT),
        hostile_report(),
    ]


def test_every_word_has_its_meaning_in_both_languages() -> None:
    names = {
        finding.check.format(role=role)
        for finding in FINDINGS.values()
        for role in ("signer", "maker", "tsa")
    }
    assert names <= set(CHECKS)
    assert set(REASON_WORDS) == REASONS
    assert set(VERDICTS) == set(Verdict)
    assert set(OUTCOMES) == set(Outcome)
    for table in (CHECKS, REASON_WORDS, VERDICTS, OUTCOMES):
        for words in table.values():  # type: ignore[attr-defined]
            assert re.search("[\u4e00-\u9fff]", words.zh)
            assert words.en.isascii()


def test_text_says_verdict_reason_signer_and_every_check() -> None:
    report = reports()[4]

    text = as_text(report, name="licence.pdf")

    assert text.startswith("licence.pdf: 无效 Invalid: 签章之后内容被改动 the content was changed")
    assert "签章人 Signer: 云间市行政审批局" in text
    assert text.count("\n  ✓ ") + text.count("\n  ✗ ") + text.count("\n  - ") == len(report.checks)


def test_text_in_one_language_has_none_of_the_other() -> None:
    report = verify_document(makers.licence(), trust=makers.authority().trust, at=AT)

    assert as_text(report, language=Language.ENGLISH).isascii() is False  # marks such as ✓
    assert not re.search("[\u4e00-\u9fff]", as_text(report, language=Language.ENGLISH))
    assert "Invalid" not in as_text(report, language=Language.CHINESE)


def test_both_formats_say_the_same_in_the_same_order() -> None:
    ofd, pdf = reports()[0], reports()[3]
    assert (ofd.verdict, pdf.verdict) == ("valid", "valid")
    of_ofd = {check.name: check for check in ofd.checks if check.outcome is Outcome.PASS}
    shared = [check for check in pdf.checks if check.name in of_ofd]

    order = [check.name for check in ofd.checks]
    assert [order.index(check.name) for check in shared] == sorted(
        order.index(check.name) for check in shared
    )
    for name in ("package", "signature", "signer-certificate", "signer-revocation", "coverage"):
        (one,) = [check for check in pdf.checks if check.name == name]
        assert one.detail == of_ofd[name].detail


def test_published_schema_is_in_step() -> None:
    spec = importlib.util.spec_from_file_location("make_schemas", ROOT / "tools/make_schemas.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    for path, content in module.schemas().items():
        assert path.read_text(encoding="utf-8") == content, "run python tools/make_schemas.py"


@pytest.mark.parametrize("number", range(7))
def test_json_follows_the_schema(number: int) -> None:
    schema = json_schema()

    found = list(problems(json.loads(as_json(reports()[number])), schema, schema))

    assert found == []


def test_schema_refuses_what_is_no_report() -> None:
    schema = json_schema()
    good = json.loads(as_json(reports()[0]))

    assert list(problems({**good, "extra": 1}, schema, schema))
    assert list(problems({**good, "verdict": "maybe"}, schema, schema))
    assert list(problems({**good, "reasons": ["because"]}, schema, schema))
    del good["checks"]
    assert list(problems(good, schema, schema))


def test_names_cannot_act() -> None:
    text = as_text(hostile_report(), name=HOSTILE)

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text.splitlines()) == 6
    assert visible("王小明 ABC") == "王小明 ABC"


class _Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [name for name, _ in attrs if name in ("src", "href", "onload", "style")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", list(Language))
def test_page_is_whole_and_loads_and_runs_nothing(language: Language) -> None:
    for report in reports():
        page = as_html(report, name=HOSTILE, at=AT, language=language)
        parsed = _Page()
        parsed.feed(page)

        assert parsed.open == []
        assert "script" not in parsed.tags
        assert parsed.links == []
        assert "url(" not in page
        assert page.count("<tr><th") >= len(report.checks)


def test_page_shows_verdict_seal_and_time_of_the_check() -> None:
    at = datetime(2026, 12, 1, 12, tzinfo=UTC) + timedelta(0)
    page = as_html(reports()[0], name="licence.ofd", at=at)

    assert 'class="verdict valid">有效 Valid<' in page
    assert "云间市行政审批局电子证照专用章" in page
    assert "2026-12-01T12:00:00+00:00" in page
