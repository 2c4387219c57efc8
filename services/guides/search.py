"""Finds items in the words people use: synonyms, pinyin, initials, and near misses. Pure.

An index is built once per catalogue. A query is compared with every entry (there are dozens, not
millions) and the best rank wins; several words add up, so that `餐饮 许可` finds both in one name.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pypinyin import Style, lazy_pinyin

from services.guides.definitions import Item

_EXACT, _WHOLE_TAG = 100.0, 80.0
_IN_SHORT_NAME, _IN_NAME, _IN_TAG, _IN_RESULT, _ELSEWHERE = 70.0, 60.0, 50.0, 40.0, 10.0
_PINYIN, _INITIALS = 55.0, 45.0
_SYNONYM_SHARE = 0.9
_NEAR = 30.0
_NEAR_ENOUGH = 0.5
_NEAR_ENOUGH_IN_PINYIN = 0.8
"""Latin letters meet by chance far more often than characters do."""

_SHORTEST_PINYIN = 2


@dataclass(frozen=True)
class Entry:
    """What is searched of one item."""

    code: str
    name: str
    short_name: str
    tags: tuple[str, ...]
    result: str
    elsewhere: str
    """Department and everything else that may mention the word."""

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.name, self.short_name, self.result, *self.tags)

    @cached_property
    def pinyin(self) -> tuple[str, ...]:
        return tuple(spell(text) for text in self.texts)

    @cached_property
    def initials(self) -> tuple[str, ...]:
        return tuple(initials(text) for text in self.texts)


class SearchIndex:
    """The searchable side of a catalogue."""

    def __init__(
        self, entries: Iterable[Entry], synonyms: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._entries = tuple(entries)
        self._synonyms = {normalise(key): words for key, words in (synonyms or {}).items()}

    def search(self, query: str) -> list[str]:
        """Codes of the matching items, best first; an empty query finds everything in order."""
        words = normalise(query).split()
        if not words:
            return [entry.code for entry in self._entries]
        ranked = [(self._rank(entry, words), entry.code) for entry in self._entries]
        return [code for rank, code in sorted(ranked, key=lambda pair: -pair[0]) if rank > 0]

    def _rank(self, entry: Entry, words: list[str]) -> float:
        ranks = [self._rank_word(entry, word) for word in words]
        together = self._rank_word(entry, "".join(words)) if len(words) > 1 else 0.0
        missing = sum(1 for rank in ranks if rank == 0)
        return max(together, sum(ranks) / len(words) / (1 + missing))

    def _rank_word(self, entry: Entry, word: str) -> float:
        ranks = [_rank_text(entry, word)]
        for key, replacements in self._synonyms.items():
            if key in word:
                ranks += [_rank_text(entry, other) * _SYNONYM_SHARE for other in replacements]
        if word.isascii() and word.isalpha() and len(word) >= _SHORTEST_PINYIN:
            ranks.append(_rank_pinyin(entry, word))
        return max(ranks) or _rank_near(entry, word)


def index_items(
    items: Iterable[Item], *, departments: Mapping[str, str], synonyms: Mapping[str, Sequence[str]]
) -> SearchIndex:
    """The index over these items; `departments` gives the names for a key."""
    entries = (
        Entry(
            code=item.code,
            name=normalise(item.name),
            short_name=normalise(item.short_name),
            tags=tuple(normalise(tag) for tag in item.tags),
            result=normalise(item.result.name),
            elsewhere=normalise(f"{departments.get(item.dept, '')} {item.code}"),
        )
        for item in items
    )
    return SearchIndex(entries, synonyms)


def normalise(text: str) -> str:
    """Full-width to half-width, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def spell(text: str) -> str:
    """`居住证` → `juzhuzheng`."""
    return "".join(lazy_pinyin(text))


def initials(text: str) -> str:
    """`居住证` → `jzz`."""
    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER))


def _rank_text(entry: Entry, word: str) -> float:
    if word in (entry.name, entry.short_name):
        return _EXACT
    ranks = [
        _WHOLE_TAG if word in entry.tags else 0.0,
        _IN_SHORT_NAME if word in entry.short_name else 0.0,
        _IN_NAME if word in entry.name else 0.0,
        _IN_TAG if any(word in tag for tag in entry.tags) else 0.0,
        _IN_RESULT if word in entry.result else 0.0,
        _ELSEWHERE if word in entry.elsewhere else 0.0,
    ]
    return max(ranks)


def _rank_pinyin(entry: Entry, word: str) -> float:
    if any(word in text for text in entry.pinyin):
        return _PINYIN
    return _INITIALS if any(word in text for text in entry.initials) else 0.0


def _rank_near(entry: Entry, word: str) -> float:
    """Most of the neighbouring character pairs must be there: a slip, not a guess."""
    wanted = _pairs(word)
    if not wanted:
        return 0.0
    texts = entry.pinyin if word.isascii() else entry.texts
    enough = _NEAR_ENOUGH_IN_PINYIN if word.isascii() else _NEAR_ENOUGH
    share = max(len(wanted & _pairs(text)) / len(wanted) for text in texts)
    return _NEAR * share if share >= enough else 0.0


def _pairs(text: str) -> set[str]:
    return {text[n : n + 2] for n in range(len(text) - 1)}
