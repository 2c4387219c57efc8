"""What a verification can find about the place of a seal's picture on the pages."""

from signing.report.finding import PASS, WARNING, Finding

STAMPS = {
    "stamps-placed": Finding(
        "stamps",
        PASS,
        None,
        "印章盖在第 {pages} 页，共 {count} 处。",
        "The seal is shown in {count} places on page {pages}: {boxes}.",
    ),
    "riding-whole": Finding(
        "stamps",
        PASS,
        None,
        "骑缝章覆盖第 {pages} 页，各页部分拼合完整。",
        "A riding seal on pages {pages}; its {count} pieces make up the whole picture.",
    ),
    "riding-partial": Finding(
        "stamps",
        WARNING,
        None,
        "骑缝章各页部分不能拼合成完整印章：第 {pages} 页。",
        "The pieces of the seal on page {pages} do not make up the whole picture.",
    ),
    "stamp-nowhere": Finding(
        "stamps",
        WARNING,
        None,
        "印章指向不存在的页面或位置：{stamps}。",
        "The seal is placed where nothing can be shown: {stamps}.",
    ),
}
