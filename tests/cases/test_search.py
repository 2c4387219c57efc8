import pytest

from services.guides import search
from services.guides.reading import read_catalogue

CATALOGUE = read_catalogue()
INDEX = search.index_items(
    CATALOGUE.items,
    departments={entry.key: entry.name for entry in CATALOGUE.departments},
    synonyms=CATALOGUE.synonyms,
)
NAMES = {item.code: item.name for item in CATALOGUE.items}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("机动车驾驶证期满换证", "机动车驾驶证期满换证"),
        ("驾照", "机动车驾驶证期满换证"),
        ("房产证", "不动产转移登记(存量房买卖)"),
        ("开店", "食品经营许可证核发(新办)"),
        ("开店", "个体工商户设立登记"),
        ("我要开饭店", "食品经营许可证核发(新办)"),
        ("juzhuzheng", "上海市居住证申领"),
        ("ju zhu zheng", "上海市居住证申领"),
        ("jzz", "上海市居住证申领"),
        ("JZZ", "上海市居住证申领"),
        ("jiashizeng", "机动车驾驶证期满换证"),
        ("居住正", "上海市居住证申领"),
        ("残疾 辅助", "残疾人辅助器具补贴申请"),
        ("ＳＪ－ＧＡ－０１", "上海市居住证申领"),
    ],
)
def test_everyday_words_find_the_item(query: str, name: str) -> None:
    assert name in [NAMES[code] for code in INDEX.search(query)[:6]]


def test_the_exact_name_comes_first() -> None:
    assert NAMES[INDEX.search("个体工商户设立登记")[0]] == "个体工商户设立登记"
    assert NAMES[INDEX.search("消防")[0]].startswith("公众聚集场所")


def test_every_item_is_found_by_its_name_initials_and_tags() -> None:
    for item in CATALOGUE.items:
        assert INDEX.search(item.name)[0] == item.code
        assert item.code in INDEX.search(search.initials(item.short_name))
        assert all(item.code in INDEX.search(tag) for tag in item.tags)


def test_nonsense_finds_nothing() -> None:
    assert INDEX.search("qqzzxx") == []
    assert INDEX.search("龘靐齉") == []


def test_an_empty_query_lists_everything() -> None:
    assert len(INDEX.search("  ")) == 38
