"""The population page as it is shown: each criterion with its fields, what is wrong beside them, what may be done."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.applications import builder, composition
from apps.applications.builder import Located, Node
from apps.applications.form_spec import Text
from apps.applications.leaf_forms import LEAF_FORMS, Asked, LeafField, fields_of, to_text
from apps.applications.selectors import known_codes
from apps.applications.wording import said
from apps.core.errors import Message

EMPTY: Mapping[Asked, Message] = {
    Asked.CODES: _("Give at least one code."),
    Asked.NUMBERS: _("Give at least one number or code."),
    Asked.NUMBER: _("Give a minimum or a maximum."),
    Asked.COUNT: _("Give a number."),
    Asked.DATE: _("Give a date."),
    Asked.CHOICE: _("Choose an answer."),
    Asked.CHOICES: _("Choose at least one answer."),
}
EMPTY_GROUP = _("Add at least one criterion to this group.")
GROUP_TITLES: Mapping[str, Message] = {
    "all_of": _("All of these criteria"),
    "any_of": _("At least one of these criteria"),
    "at_least": _("At least N of these criteria"),
    "not": _("Everybody except"),
}


@dataclass(frozen=True)
class Option:
    """One of the choices of a field."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Search:
    """Codes proposed for a field, after a search."""

    place: str
    name: str
    text: str
    found: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class FieldView:
    """A field of a criterion. `to_do` says what is awaited, `errors` what is wrong with what was typed."""

    id: str
    name: str
    asked: str
    label: str
    help: str
    value: str
    options: tuple[Option, ...]
    to_do: str
    errors: tuple[str, ...]
    system: str
    search: Search | None
    may_be_left_out: bool


@dataclass(frozen=True)
class NodeView:
    """A node of the tree with those under it."""

    place: str
    number: str
    tag: str
    title: str
    fields: tuple[FieldView, ...]
    is_leaf: bool
    below: tuple["NodeView", ...]
    to_do: str
    errors: tuple[str, ...]
    moves: frozenset[str]
    is_new: bool = False


@dataclass
class Builder:
    """The whole page."""

    tree: Node
    search: Search | None = None
    new_place: str = ""
    objections: Mapping[str, list[Located]] = field(init=False)
    sentences: Text | None = field(init=False)

    def __post_init__(self) -> None:
        grouped: dict[str, list[Located]] = defaultdict(list)
        problems = composition.population_problems(self.tree, known_codes()) if self.tree else ()
        for problem in problems:
            found = builder.located(self.tree, problem)
            grouped[found.place].append(found)
        self.objections = grouped
        self.sentences = composition.population_sentences(self.tree) if self.tree else None

    @property
    def root(self) -> NodeView | None:
        """The root of the tree, None while there is no criterion."""
        return self._node(builder.ROOT, self.tree, frozenset({"wrap"})) if self.tree else None

    @property
    def tree_json(self) -> str:
        """The tree as the page sends it back, so that what is typed finds its criterion."""
        return json.dumps(self.tree, ensure_ascii=False)

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """What may be added to a group: kinds of criteria, then groups."""
        groups = [(tag, str(GROUP_TITLES[tag])) for tag in builder.GROUPS]
        return [(tag, said(form.title)) for tag, form in LEAF_FORMS.items()] + groups

    def _node(self, place: str, node: Node, moves: frozenset[str]) -> NodeView:
        tag = builder.tag_of(node)
        leaf = LEAF_FORMS.get(tag)
        below = builder.children_of(node)
        here = [found for found in self.objections.get(place, []) if not found.name]
        return NodeView(
            place=place,
            number=".".join(str(int(step) + 1) for step in place.split("_")[1:]),
            tag=tag,
            title=said(leaf.title) if leaf else str(GROUP_TITLES[tag]),
            fields=tuple(self._field(place, item, node) for item in fields_of(tag)),
            is_leaf=leaf is not None,
            below=tuple(
                self._node(f"{place}_{i}", child, _moves(node, below, i, place)) for i, child in enumerate(below)
            ),
            to_do="" if below or leaf else str(EMPTY_GROUP),
            errors=tuple(_words(found) for found in here if below),
            moves=moves,
            is_new=place == self.new_place,
        )

    def _field(self, place: str, item: LeafField, node: Node) -> FieldView:
        shown = to_text(item, node)
        objections = [found for found in self.objections.get(place, []) if found.name == item.name]
        searched = self.search and (self.search.place, self.search.name) == (place, item.name)
        return FieldView(
            id=f"{place}-{item.name}",
            name=item.name,
            asked=item.asked.value,
            label=said(item.label),
            help=said(item.help),
            value=shown if isinstance(shown, str) else "",
            options=tuple(
                Option(choice.value, said(choice.label), choice.value in ([shown] if isinstance(shown, str) else shown))
                for choice in item.choices
            ),
            to_do=str(EMPTY[item.asked]) if objections and not shown else "",
            errors=tuple(dict.fromkeys(_words(found) for found in objections)) if shown else (),
            system=item.system.value if item.system else "",
            search=self.search if searched else None,
            may_be_left_out=item.may_be_left_out,
        )

    @property
    def fields(self) -> list[FieldView]:
        """Every field of every criterion, for showing anew what is wrong beside each."""
        return [view for node in self._flat(self.root) for view in node.fields]

    def _flat(self, node: NodeView | None) -> list[NodeView]:
        return [node, *(found for child in node.below for found in self._flat(child))] if node else []


def _moves(parent: Node, siblings: list[Node], index: int, parent_place: str) -> frozenset[str]:
    """The operations that fit the child at `index`."""
    in_group = builder.tag_of(parent) in builder.GROUPS
    possible = {
        "up": in_group and index > 0,
        "down": in_group and index + 1 < len(siblings),
        "into": in_group and index > 0 and builder.tag_of(siblings[index - 1]) in builder.GROUPS,
        "out": parent_place != builder.ROOT,
        "unwrap": builder.tag_of(siblings[index]) in builder.WRAPPERS,
        "wrap": True,
        "remove": True,
    }
    return frozenset(verb for verb, fits in possible.items() if fits)


def _words(found: Located) -> str:
    return found.problem.message((get_language() or "fr")[:2])
