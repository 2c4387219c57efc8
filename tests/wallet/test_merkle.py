"""The tree of RFC 9162: roots, inclusion and consistency proofs, tiles."""

import hashlib

import pytest

from wallet.log import merkle

SIZES = (1, 2, 3, 7, 8, 31, 255, 256, 257, 515)


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(f"entry {number}".encode()) for number in range(count)]


def by_definition(hashes: list[bytes]) -> bytes:
    """MTH as section 2.1.1 defines it, without any cleverness."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    middle = 1
    while middle * 2 < len(hashes):
        middle *= 2
    return merkle.node_hash(by_definition(hashes[:middle]), by_definition(hashes[middle:]))


@pytest.mark.parametrize("size", SIZES)
def test_root_is_that_of_the_definition(size: int) -> None:
    found = leaves(size)
    assert merkle.root(size, merkle.of_leaves(found)) == by_definition(found)


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_is_proven_at_its_place_only(size: int) -> None:
    found = leaves(size)
    node, root = merkle.of_leaves(found), by_definition(found)
    for position in {0, size // 3, size // 2, size - 1}:
        path = merkle.inclusion_path(position, size, node)
        assert merkle.verify_inclusion(found[position], position, size, path, root)
        stranger = merkle.leaf_hash(b"never entered")
        assert not merkle.verify_inclusion(stranger, position, size, path, root)
        assert not merkle.verify_inclusion(found[position], position, size, [*path, root], root)
        if position + 1 < size:
            assert not merkle.verify_inclusion(found[position], position + 1, size, path, root)


@pytest.mark.parametrize("size", SIZES)
def test_growth_is_proven_and_a_fork_is_not(size: int) -> None:
    found = leaves(size)
    node, root = merkle.of_leaves(found), by_definition(found)
    for first in {1, max(1, size // 2), size}:
        path = merkle.consistency_path(first, size, node)
        old = by_definition(found[:first])
        assert merkle.verify_consistency(first, size, old, root, path)
        forked = by_definition([merkle.leaf_hash(b"other"), *found[1:first]])
        assert not merkle.verify_consistency(first, size, forked, root, path)


def test_roots_of_the_first_known_answers() -> None:
    """The test inputs of the first CT implementations (RFC 6962's reference code)."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    hashes = [merkle.leaf_hash(bytes.fromhex(text)) for text in inputs]
    expected = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    }
    node = merkle.of_leaves(hashes)
    for size, root in expected.items():
        assert merkle.root(size, node).hex() == root


def test_reading_names_the_tiles_it_needs() -> None:
    found = leaves(600)
    tiles = merkle.Tiles()
    for position, leaf in enumerate(found):
        tiles.append(position, leaf)
    wanted = merkle.tiles_for(lambda node: merkle.inclusion_path(3, 600, node))
    some = merkle.Tiles((key, tiles.data(key)) for key in wanted)

    assert len(wanted) <= 4
    path = merkle.inclusion_path(3, 600, some.node)
    assert merkle.verify_inclusion(found[3], 3, 600, path, by_definition(found))


def test_leaves_come_one_after_another() -> None:
    tiles = merkle.Tiles()
    with pytest.raises(ValueError, match="one after another"):
        tiles.append(1, leaves(1)[0])
