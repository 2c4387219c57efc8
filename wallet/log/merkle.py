"""The Merkle tree of RFC 9162 (Certificate Transparency 2.0), section 2.1, with SHA-256. Pure.

A tree is read through a function `node(height, index)` that gives the hash of a complete subtree,
so that nobody needs all leaves at hand. Hashes are kept in tiles: 256 neighbours of one level.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Node = Callable[[int, int], bytes]
"""Height and index of a complete subtree → its hash; height 0 are the leaves."""
TileKey = tuple[int, int]
"""Level and index of a tile; level n holds the subtrees of height 8n."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry; the prefix keeps leaves and inner nodes apart."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbouring subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(size: int, node: Node) -> bytes:
    """The hash of the tree of the first `size` leaves (MTH)."""
    return _range(0, size, node) if size else EMPTY_ROOT


def inclusion_path(position: int, size: int, node: Node) -> list[bytes]:
    """The proof that the leaf at `position` is in the tree of `size` leaves (PATH)."""
    if not 0 <= position < size:
        raise ValueError("the position is outside the tree")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if position < middle:
            path.append(_range(middle, high, node))
            high = middle
        else:
            path.append(_range(low, middle, node))
            low = middle
    return path[::-1]


def consistency_path(first: int, second: int, node: Node) -> list[bytes]:
    """The proof that the tree of `second` leaves only appends to that of `first` (PROOF)."""
    if not 0 < first <= second:
        raise ValueError("the sizes are not in order")
    path: list[bytes] = []
    low, high, whole = 0, second, True
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            path.append(_range(middle, high, node))
            high = middle
        else:
            path.append(_range(low, middle, node))
            low, whole = middle, False
    if not whole:
        path.append(_range(low, high, node))
    return path[::-1]


def verify_inclusion(
    leaf: bytes, position: int, size: int, path: Sequence[bytes], expected_root: bytes
) -> bool:
    """Whether the proof leads from the leaf's hash to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    at, last, found = position, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and found == expected_root


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether the second tree only appends to the first (RFC 9162, 2.1.4.2)."""
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    if first > second or not path:
        return False
    steps = list(path) if first & (first - 1) else [first_root, *path]
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def tiles_for(read: Callable[[Node], object]) -> set[TileKey]:
    """The tiles that a reading needs, learned by reading a tree of nothing."""
    wanted: set[TileKey] = set()

    def note(height: int, index: int) -> bytes:
        wanted.add(_tile_of(height, index))
        return b""

    read(note)
    return wanted


class Tiles:
    """Some tiles of a tree: read subtrees from them, or append leaves to the rightmost ones."""

    def __init__(self, tiles: Iterable[tuple[TileKey, bytes]] = ()) -> None:
        self._tiles = {key: bytearray(data) for key, data in tiles}
        self.changed: set[TileKey] = set()

    def data(self, key: TileKey) -> bytes:
        """The hashes of a tile, one after another."""
        return bytes(self._tiles[key])

    def node(self, height: int, index: int) -> bytes:
        """The hash of a complete subtree. Raises KeyError when its tile is not at hand."""
        level, depth = divmod(height, TILE_HEIGHT)
        first = (index << depth) % TILE_WIDTH
        tile = self._tiles[_tile_of(height, index)]
        row = [_at(tile, first + place) for place in range(1 << depth)]
        if not all(len(found) == HASH_SIZE for found in row):
            raise KeyError((level, index))
        return _fold(row)

    def append(self, position: int, leaf: bytes) -> None:
        """Put the hash of the leaf at `position` in its place, and whatever that completes."""
        level, at, found = 0, position, leaf
        while True:
            key = (level, at // TILE_WIDTH)
            tile = self._tiles.setdefault(key, bytearray())
            if len(tile) != at % TILE_WIDTH * HASH_SIZE:
                raise ValueError("leaves come one after another")
            tile += found
            self.changed.add(key)
            if len(tile) < TILE_WIDTH * HASH_SIZE:
                return
            found = _fold([_at(tile, place) for place in range(TILE_WIDTH)])
            level, at = level + 1, at // TILE_WIDTH


def rightmost(size: int) -> set[TileKey]:
    """The unfinished tiles of a tree of `size` leaves: what appending needs."""
    wanted: set[TileKey] = set()
    level = 0
    while size:
        if size % TILE_WIDTH:
            wanted.add((level, size // TILE_WIDTH))
        level, size = level + 1, size // TILE_WIDTH
    return wanted


def of_leaves(leaves: Sequence[bytes]) -> Node:
    """The tree over these leaf hashes, all at hand."""
    tiles = Tiles()
    for position, leaf in enumerate(leaves):
        tiles.append(position, leaf)
    return tiles.node


def levels(leaves: bytes) -> list[bytes]:
    """Every complete subtree over these leaf hashes, one height after another, each hashed once.

    For a tree whose proofs are all wanted. A second for half a million leaves: not on the loop.
    """
    found = [leaves]
    while len(found[-1]) >= 2 * HASH_SIZE:
        row = found[-1]
        pairs = range(0, len(row) - 2 * HASH_SIZE + 1, 2 * HASH_SIZE)
        found.append(b"".join(_pair(row, at) for at in pairs))
    return found


def of_levels(found: Sequence[bytes]) -> Node:
    """The tree whose subtrees `levels` gave."""

    def node(height: int, index: int) -> bytes:
        return found[height][index * HASH_SIZE : (index + 1) * HASH_SIZE]

    return node


def _pair(row: bytes, at: int) -> bytes:
    return hashlib.sha256(b"\x01" + row[at : at + 2 * HASH_SIZE]).digest()


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _range(low: int, high: int, node: Node) -> bytes:
    count = high - low
    if count & (count - 1) == 0 and low % count == 0:
        height = count.bit_length() - 1
        return node(height, low >> height)
    middle = low + _split(count)
    return node_hash(_range(low, middle, node), _range(middle, high, node))


def _tile_of(height: int, index: int) -> TileKey:
    level, depth = divmod(height, TILE_HEIGHT)
    return level, (index << depth) // TILE_WIDTH


def _at(tile: bytearray, place: int) -> bytes:
    return bytes(tile[place * HASH_SIZE : (place + 1) * HASH_SIZE])


def _fold(row: list[bytes]) -> bytes:
    while len(row) > 1:
        row = [node_hash(row[place], row[place + 1]) for place in range(0, len(row), 2)]
    return row[0]
