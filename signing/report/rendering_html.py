"""A report as one HTML page: self-contained, without scripts, made to be printed on A4."""

import html
from datetime import datetime

from signing.report.rendering import MARKS, Language, facts, headline, sentence, visible
from signing.report.report import Check, SealReport, SignatureReport
from signing.report.words import OUTCOMES, Words, check_words

_STYLE = """
:root { color-scheme: light; font: 15px/1.6 "Noto Sans SC", "Microsoft YaHei", sans-serif }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #1a2233; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem }
.verdict { padding: .75rem 1rem; border-left: .4rem solid; font-size: 1.25rem; font-weight: 700 }
.valid { color: #0a6b3d; background: #e5f5ec } .invalid { color: #b42318; background: #fdecea }
.cannot_tell { color: #8a4b00; background: #fff4e0 }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #dde3ec; padding: .35rem .5rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere }
th { font-weight: 600 } thead th { border-bottom: 2px solid #7f8aa0 }
.pass { color: #0a6b3d } .fail { color: #b42318; font-weight: 700 }
.unknown, .warning { color: #8a4b00 } .skipped { color: #4a5568 }
footer { margin-top: 1.5rem; font-size: .85rem; color: #4a5568 }
@page { size: A4; margin: 18mm }
@media print { body { margin: 0; max-width: none } tr { break-inside: avoid }
  .verdict { print-color-adjust: exact } }
"""
_TITLE = Words("电子签章核验报告", "Seal verification report")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def as_html(
    report: SealReport, *, name: str, at: datetime, language: Language = Language.BOTH
) -> str:
    """The page. `name` is what the reader calls the file, `at` the time of the check."""
    title = language.pick(_TITLE, " · ")
    parts = [_section(found, language) for found in report.signatures]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{"en" if language is Language.ENGLISH else "zh-CN"}">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_safe(title)}</title><style>{_STYLE}</style></head>",
            f"<body><main><h1>{_safe(title)}</h1><p>{_safe(name)}</p>",
            f'<p class="verdict {report.verdict.value}">{_safe(headline(report, language))}</p>',
            *parts,
            _checks(report.checks, language),
            f"</main><footer>{_footer(at, language)}</footer></body></html>\n",
        ]
    )


def _section(found: SignatureReport, language: Language) -> str:
    heading = language.pick(Words("签章", "Signature"))
    rows = [
        f'<tr><th scope="row">{_safe(label)}</th><td>{_safe(value)}</td></tr>'
        for label, value in facts(found, language)
    ]
    return f"<h2>{_safe(heading)} {_safe(found.id)}</h2><table>{''.join(rows)}</table>"


def _checks(checks: tuple[Check, ...], language: Language) -> str:
    headings = (Words("核验项目", "Check"), Words("结果", "Result"), Words("说明", "Detail"))
    head = "".join(f'<th scope="col">{_safe(language.pick(words))}</th>' for words in headings)
    rows = "\n".join(_row(check, language) for check in checks)
    title = language.pick(Words("核验过程", "What was checked"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>"
    return f"<h2>{_safe(title)}</h2>{table}"


def _row(check: Check, language: Language) -> str:
    label = language.pick(check_words(check.name))
    where = f" [{_safe(check.signature)}]" if check.signature else ""
    outcome = language.pick(OUTCOMES[check.outcome])
    return (
        f'<tr><th scope="row">{_safe(label)}{where}</th>'
        f'<td class="{check.outcome.value}">{MARKS[check.outcome]} {_safe(outcome)}</td>'
        f"<td>{_safe(sentence(check, language))}</td></tr>"
    )


def _footer(at: datetime, language: Language) -> str:
    words = Words(
        "本报告由程序按信任列表核验生成，不是证照本身。核验时间",
        "Made by a program that judged by a trust list; not itself a licence. Checked at",
    )
    return f"{_safe(language.pick(words))} {_safe(at.isoformat(timespec='seconds'))}"


def _safe(text: str) -> str:
    return html.escape(visible(text), quote=True)
