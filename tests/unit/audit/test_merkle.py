"""The trees of RFC 6962: known roots, and what every path must and must not prove."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.standalone.verify_audit import (
    TamperedError,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_from_path,
    tree_root,
)

# The inputs and roots that implementations of certificate transparency test themselves with.
INPUTS = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
hashes = st.binary(min_size=32, max_size=32)
batches = st.lists(hashes, min_size=1, max_size=70, unique=True)


def root_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word: split at the largest power of two below the size."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(root_by_definition(leaves[:split]), root_by_definition(leaves[split:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    assert tree_root([leaf_hash(content) for content in INPUTS[:size]]).hex() == ROOTS[size - 1]


def test_a_leaf_is_no_node() -> None:
    left, right = hashlib.sha256(b"left").digest(), hashlib.sha256(b"right").digest()
    assert leaf_hash(left + right) != node_hash(left, right)


def test_there_are_no_empty_batches() -> None:
    with pytest.raises(ValueError, match="at least one"):
        tree_root([])


@given(batches)
def test_the_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert tree_root(leaves) == root_by_definition(leaves)


@given(batches, st.data())
def test_the_path_of_every_leaf_leads_to_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = inclusion_path(leaves, index)
    assert root_from_path(leaves[index], index, len(leaves), path) == tree_root(leaves)


@given(batches, st.data())
def test_no_other_leaf_or_place_is_proved(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    other = data.draw(
        st.integers(0, len(leaves) - 1).filter(lambda found: found != index) if len(leaves) > 1 else st.just(0)
    )
    path = inclusion_path(leaves, index)
    assert root_from_path(hashlib.sha256(leaves[index]).digest(), index, len(leaves), path) != tree_root(leaves)
    if other != index:
        assert not proves(leaves[index], other, len(leaves), path, tree_root(leaves))


def proves(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    try:
        return root_from_path(leaf, index, size, path) == root
    except TamperedError:
        return False


@given(batches.filter(lambda leaves: len(leaves) > 1), st.data())
def test_paths_of_another_length_are_refused(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = inclusion_path(leaves, index)
    with pytest.raises(TamperedError, match="too short"):
        root_from_path(leaves[index], index, len(leaves), path[:-1])
    with pytest.raises(TamperedError, match="does not fit"):
        root_from_path(leaves[index], index, len(leaves), [*path, leaves[0]])


def test_a_place_outside_the_batch_is_refused() -> None:
    with pytest.raises(IndexError):
        inclusion_path([b"x" * 32], 1)
    with pytest.raises(TamperedError, match="does not fit"):
        root_from_path(b"x" * 32, 4, 2, [b"y" * 32])


@given(batches.filter(lambda leaves: len(leaves) > 1), st.data())
def test_any_change_of_a_batch_changes_its_root(leaves: list[bytes], data: st.DataObject) -> None:
    changed = data.draw(st.permutations(leaves) | st.just(leaves[:-1]) | st.just([*leaves, leaves[-1]]))
    assert (tree_root(list(changed)) == tree_root(leaves)) == (list(changed) == leaves)
