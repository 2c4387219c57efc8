"""QR codes on papers (ISO/IEC 18004): a matrix to be drawn as vectors, sharp at any size. Pure.

Made by `qrcode`, which weighs all eight masks in Python: 20 to 60 ms for a code on a paper, which
is printed once and kept. A code on a screen is another one every minute and is made natively.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import qrcode
from qrcode.constants import ERROR_CORRECT_M

Runs = list[list[tuple[int, int]]]
"""Row by row, where dark modules begin and how many there are."""


def runs(text: str) -> Runs:
    """The code that says `text`, in the smallest version that holds it, error correction M, without
    its quiet zone. Raises ValueError for a text that no code holds."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    return [list(_dark(row)) for row in code.get_matrix()]


def _dark(row: Sequence[bool]) -> Iterator[tuple[int, int]]:
    column = 0
    for is_dark, modules in groupby(row):
        length = sum(1 for _ in modules)
        if is_dark:
            yield column, length
        column += length
