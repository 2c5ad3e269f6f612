"""Reading the XML that clients send, and keeping what the API gives back unchanged."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from apps.workspaces.fake_scaleway.s3.errors import malformed
from apps.workspaces.fake_scaleway.s3.request import S3Request

LARGEST = 2_000_000


def parse(request: S3Request) -> Element:
    """The body as a tree without namespaces; MalformedXML when it is none. Entities are refused outright."""
    if len(request.body) > LARGEST or b"<!" in request.body:
        raise malformed("The XML you provided was not well-formed", request.path)
    try:
        tree = ElementTree.fromstring(request.body)  # noqa: S314 - declarations are refused above
    except ElementTree.ParseError:
        raise malformed("The XML you provided was not well-formed", request.path) from None
    for element in tree.iter():
        element.tag = element.tag.rpartition("}")[2]
    return tree


def texts(tree: Element, name: str) -> list[str]:
    return [element.text or "" for element in tree.iter(name)]


def text(tree: Element, name: str) -> str:
    return next(iter(texts(tree, name)), "")


def inner(tree: Element) -> str:
    """The children as XML, as they were sent."""
    return "".join(ElementTree.tostring(child, encoding="unicode").strip() for child in tree)
