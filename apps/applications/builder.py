"""The tree of criteria as it is built in the page: edited node by node, incomplete while it is being built. Pure.

The tree is kept in the engine's JSON. A value that cannot be read yet stays as it was typed, so that the engine names
what is wrong with it and nothing is lost. Nodes are designated by their place: `r` is the root, `r_0` its first child.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from apps.applications.leaf_forms import LEAF_FORMS, as_typed, fields_of, from_text, new_leaf, to_text
from apps.extracts.engine.codes import System
from apps.extracts.engine.criteria import MAX_DEPTH, MAX_NODES
from apps.extracts.engine.problems import Problem

Node = dict[str, Any]
ROOT = "r"
COUNTED = "at_least"
GROUPS = ("all_of", "any_of", COUNTED)
USUAL_COUNT = 2
WRAPPERS = (*GROUPS, "not")


class NoSuchCriterion(LookupError):
    """The tree has no node at this place, or the node cannot take part in the operation."""


class TreeTooLarge(Exception):
    """The tree would exceed the depth or the number of criteria that the engine reads."""


def tag_of(node: Mapping[str, Any]) -> str:
    """The one key of a node."""
    return next(iter(node))


def system_of(leaf: str, name: str) -> System | None:
    """The code system of a field of a kind of criterion; None when it takes no codes."""
    fields = LEAF_FORMS[leaf].fields if leaf in LEAF_FORMS else ()
    return next((item.system for item in fields if item.name == name), None)


def children_of(node: Mapping[str, Any]) -> list[Node]:
    """The nodes directly under a node; none under a leaf."""
    tag = tag_of(node)
    if tag in GROUPS:
        return list(node[tag]["of"] if tag == COUNTED else node[tag])
    return [node["not"]] if tag == "not" else []


def _group(tag: str, below: list[Node]) -> Node:
    """A new group of a kind."""
    return {tag: {"count": USUAL_COUNT, "of": below} if tag == COUNTED else below}


def _refilled(group: Node, below: list[Node]) -> Node:
    """The same group with other children."""
    return {COUNTED: {**group[COUNTED], "of": below}} if tag_of(group) == COUNTED else {tag_of(group): below}


def nodes(tree: Node) -> Iterator[tuple[str, Node]]:
    """Every node with its place, a node before those under it; nothing for an empty tree."""
    if tree:
        yield from _under(ROOT, tree)


def _under(place: str, node: Node) -> Iterator[tuple[str, Node]]:
    yield place, node
    for index, child in enumerate(children_of(node)):
        yield from _under(f"{place}_{index}", child)


def _steps(place: str) -> list[int]:
    if not re.fullmatch(r"r(_\d{1,4})*", place):
        raise NoSuchCriterion(place)
    return [int(step) for step in place.split("_")[1:]]


Change = Callable[[Node], list[Node]]


def _changed(tree: Node, place: str, change: Change) -> Node:
    """The tree in which `change` replaced the node at `place` by none, one or several nodes."""
    if not tree:
        raise NoSuchCriterion(place)
    found = _rewritten(tree, _steps(place), change)
    if len(found) > 1:
        return {"all_of": found}
    return found[0] if found and not _is_empty_group(found[0]) else {}


def _is_empty_group(node: Node) -> bool:
    return tag_of(node) in GROUPS and not children_of(node)


def _rewritten(node: Node, steps: list[int], change: Change) -> list[Node]:
    if not steps:
        return change(node)
    below = children_of(node)
    if steps[0] >= len(below):
        raise NoSuchCriterion
    index = steps[0]
    return _holding(node, [*below[:index], *_rewritten(below[index], steps[1:], change), *below[index + 1 :]])


def _holding(node: Node, below: list[Node]) -> list[Node]:
    """The same kind of node with other children; a negation of nothing is nothing."""
    if tag_of(node) != "not":
        return [_refilled(node, below)]
    if not below:
        return []
    return [{"not": below[0] if len(below) == 1 else {"all_of": below}}]


def typed(tree: Node, form: Mapping[str, list[str]]) -> Node:
    """The tree with the values typed in its fields. A node whose marker the form does not hold is left alone."""
    for place, node in nodes(tree):
        tag = tag_of(node)
        if form.get(f"{place}-leaf", [""])[0] == tag and fields_of(tag):
            written = from_text(tag, {item.name: form.get(f"{place}-{item.name}", []) for item in fields_of(tag)})
            tree = _changed(tree, place, partial(_valued, written=written))
    return tree


def _valued(node: Node, written: Node) -> list[Node]:
    """What was typed for a node; a group keeps those under it."""
    return [_refilled(written, children_of(node)) if tag_of(node) in GROUPS else written]


def received(text: str) -> Node:
    """A tree as a browser sends it back: whatever is in it, only criteria and values of the right shape come out.

    Raises NoSuchCriterion for anything that is not a tree, TreeTooLarge beyond the engine's limits.
    """
    try:
        return _received(json.loads(text), 1) if text.strip() not in ("", "{}") else {}
    except (ValueError, RecursionError) as error:
        raise NoSuchCriterion from error


def _received(value: Any, level: int) -> Node:
    if level > MAX_DEPTH:
        raise TreeTooLarge
    if not isinstance(value, dict) or len(value) != 1:
        raise NoSuchCriterion
    tag = tag_of(value)
    if tag == "not":
        return {tag: _received(value[tag], level + 1)}
    clean = from_text(tag, {item.name: as_typed(to_text(item, value)) for item in fields_of(tag)})
    if tag in GROUPS:
        return _refilled(clean, [_received(child, level + 1) for child in _listed(value[tag], tag)])
    if tag not in LEAF_FORMS:
        raise NoSuchCriterion(tag)
    return clean


def _listed(value: Any, tag: str) -> list[Any]:
    """The list that a group holds as it was sent."""
    if tag == COUNTED:
        value = value.get("of") if isinstance(value, dict) else None
    if not isinstance(value, list) or len(value) > MAX_NODES:
        raise NoSuchCriterion(tag)
    return value


@dataclass(frozen=True)
class Operation:
    """A change of the tree asked for by a button: what, where, and with what."""

    verb: str
    place: str = ROOT
    arguments: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Operation":
        """From `verb:place:argument…`."""
        verb, *rest = text.split(":")
        return cls(verb, rest[0] if rest else ROOT, tuple(rest[1:]))


def applied(tree: Node, operation: Operation, period: Mapping[str, str]) -> Node:
    """The tree after the operation; `period` (from, to) is proposed for a new event.

    Raises NoSuchCriterion when the operation does not fit the tree, TreeTooLarge when the engine would not read it.
    """
    if operation.verb not in _VERBS:
        raise NoSuchCriterion(operation.verb)
    after = _VERBS[operation.verb](tree, operation, period)
    if count(after) > MAX_NODES or depth(after) > MAX_DEPTH:
        raise TreeTooLarge
    return after


def count(tree: Node) -> int:
    """How many nodes the tree has."""
    return sum(1 for _ in nodes(tree))


def depth(tree: Node) -> int:
    """How many levels the tree has."""
    return max((place.count("_") + 1 for place, _ in nodes(tree)), default=0)


def _add(tree: Node, operation: Operation, period: Mapping[str, str]) -> Node:
    made = _new_node(operation, period)
    if not tree and operation.place == ROOT:
        return {"all_of": [made]}

    def append(node: Node) -> list[Node]:
        if tag_of(node) not in GROUPS:
            raise NoSuchCriterion(operation.place)
        return [_refilled(node, [*children_of(node), made])]

    return _changed(tree, operation.place, append)


def _new_node(operation: Operation, period: Mapping[str, str]) -> Node:
    kind = operation.arguments[0] if operation.arguments else ""
    if kind in GROUPS:
        return _group(kind, [])
    if kind not in LEAF_FORMS:
        raise NoSuchCriterion(kind)
    return new_leaf(kind, period)


def _remove(tree: Node, operation: Operation, period: Mapping[str, str]) -> Node:
    return _changed(tree, operation.place, lambda node: [])


def _wrap(tree: Node, operation: Operation, period: Mapping[str, str]) -> Node:
    wrapper = operation.arguments[0] if operation.arguments else ""
    if wrapper not in WRAPPERS:
        raise NoSuchCriterion(wrapper)
    return _changed(
        tree, operation.place, lambda node: [{"not": node} if wrapper == "not" else _group(wrapper, [node])]
    )


def _unwrap(tree: Node, operation: Operation, period: Mapping[str, str]) -> Node:
    def open_up(node: Node) -> list[Node]:
        if tag_of(node) not in WRAPPERS:
            raise NoSuchCriterion(operation.place)
        return children_of(node)

    return _changed(tree, operation.place, open_up)


def _turn(tree: Node, operation: Operation, period: Mapping[str, str]) -> Node:
    """Into a group of another kind."""
    kind = operation.arguments[0] if operation.arguments else ""

    def turn(node: Node) -> list[Node]:
        if not {kind, tag_of(node)} <= {*GROUPS} or kind == tag_of(node):
            raise NoSuchCriterion(operation.place)
        return [_group(kind, children_of(node))]

    return _changed(tree, operation.place, turn)


def _parent(place: str) -> tuple[str, int]:
    steps = _steps(place)
    if not steps:
        raise NoSuchCriterion(place)
    return place.rpartition("_")[0], steps[-1]


def _move(tree: Node, operation: Operation, period: Mapping[str, str]) -> Node:
    """Up or down among its siblings."""
    parent, index = _parent(operation.place)
    other = index + {"up": -1, "down": 1}[operation.verb]

    def swap(node: Node) -> list[Node]:
        below = children_of(node)
        if tag_of(node) not in GROUPS or not (0 <= other < len(below) and index < len(below)):
            raise NoSuchCriterion(operation.place)
        below[index], below[other] = below[other], below[index]
        return [_refilled(node, below)]

    return _changed(tree, parent, swap)


def _into(tree: Node, operation: Operation, period: Mapping[str, str]) -> Node:
    """Into the group just above it."""
    parent, index = _parent(operation.place)

    def join(node: Node) -> list[Node]:
        below = children_of(node)
        if not 0 < index < len(below) or tag_of(below[index - 1]) not in GROUPS:
            raise NoSuchCriterion(operation.place)
        group = below[index - 1]
        joined = _refilled(group, [*children_of(group), below[index]])
        return [_refilled(node, [*below[: index - 1], joined, *below[index + 1 :]])]

    return _changed(tree, parent, join)


def _out(tree: Node, operation: Operation, period: Mapping[str, str]) -> Node:
    """Out of its group, to just after it."""
    parent, index = _parent(operation.place)
    if parent == ROOT:
        raise NoSuchCriterion(operation.place)

    def leave(node: Node) -> list[Node]:
        below = children_of(node)
        if index >= len(below):
            raise NoSuchCriterion(operation.place)
        return [*_holding(node, [*below[:index], *below[index + 1 :]]), below[index]]

    return _changed(tree, parent, leave)


def _code(tree: Node, operation: Operation, period: Mapping[str, str]) -> Node:
    """Add a code to a list of a leaf."""
    if len(operation.arguments) != 2:
        raise NoSuchCriterion(operation.place)
    name, code = operation.arguments

    def with_code(node: Node) -> list[Node]:
        tag = tag_of(node)
        lists = [item.name for item in LEAF_FORMS[tag].fields if item.system] if tag in LEAF_FORMS else []
        if name not in lists:
            raise NoSuchCriterion(name)
        held = [*node[tag].get(name, [])]
        return [{tag: {**node[tag], name: held if code in held else [*held, code]}}]

    return _changed(tree, operation.place, with_code)


_VERBS: Mapping[str, Callable[[Node, Operation, Mapping[str, str]], Node]] = {
    "add": _add,
    "remove": _remove,
    "wrap": _wrap,
    "unwrap": _unwrap,
    "turn": _turn,
    "up": _move,
    "down": _move,
    "into": _into,
    "out": _out,
    "code": _code,
}


@dataclass(frozen=True)
class Located:
    """Where an objection of the engine belongs: a node, and a field of it or none."""

    place: str
    name: str
    problem: Problem = field(compare=False)


def located(tree: Node, problem: Problem) -> Located:
    """The node and field of the page that a JSON path of the engine designates."""
    place, node, rest = ROOT, tree, problem.path.removeprefix("$.population")
    while found := re.match(r"\.(?:all_of|any_of|at_least\.of)\[(\d+)\]|\.not(?=\.|$)", rest):
        index = int(found[1] or 0)
        below = children_of(node) if node else []
        if index >= len(below):
            break
        place, node, rest = f"{place}_{index}", below[index], rest[found.end() :]
    tag = tag_of(node) if node else ""
    return Located(place, _field_at(tag, rest.removeprefix(f".{tag}")), problem)


def _field_at(tag: str, rest: str) -> str:
    """The field for the rest of a path: the first one when the path names a leaf as a whole, none for a group."""
    fields = fields_of(tag)
    keys = re.findall(r"\.(\w+)", rest)
    for item in fields:
        if keys and list(item.keys[: len(keys)]) == keys:
            return item.name
    return fields[0].name if tag in LEAF_FORMS else ""
