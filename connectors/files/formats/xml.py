"""XML without network, entities or huge trees; and the text of XML files of no particular kind."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

from ..content import Content, UnreadableError, as_title, check_length
from ..limits import Limits
from .blocks import Blocks

NO_MEMORY = 2
"""libxml2's code for a failed allocation, which lxml reports as a syntax error."""

_ENTITY = re.compile(rb"<\x00?!\x00?E\x00?N\x00?T\x00?I\x00?T\x00?Y")


def parse(data: bytes) -> Any:
    """The root element. Raises UnreadableError when the XML is damaged or declares entities."""
    from lxml import etree

    if _ENTITY.search(data):
        raise UnreadableError("XML with entity declarations: refused")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if error.code == NO_MEMORY:
            raise MemoryError from None
        raise UnreadableError(f"damaged XML: {error.msg}") from None
    if root is None:
        raise UnreadableError("damaged XML: no element")
    return root


def local(element: Any) -> str:
    """The tag without its namespace; "" for comments and processing instructions."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def read(file: BinaryIO, limits: Limits) -> Content:
    """The text of all elements, a line for each that holds text; the first `title` element as title."""
    root = parse(file.read())
    if local(root) == "svg":
        raise UnreadableError("unsupported format: an SVG image")
    blocks = Blocks()
    title = None
    from lxml import etree

    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        name = local(element)
        if event == "start":
            blocks.add(element.text or "")
        else:
            # An element inside a running text (<p>a <b>b</b> c</p>) ends no line.
            inline = (element.tail or "").strip() or _in_running_text(element)
            if name and not inline:
                blocks.line()
            blocks.add(element.tail or "")
        if event == "end" and title is None and name == "title":
            title = as_title("".join(element.itertext()))
        check_length(blocks.length, limits.max_characters)
    return Content(text=blocks.text(), title=title)


def _in_running_text(element: Any) -> bool:
    parent = element.getparent()
    return parent is not None and bool((parent.text or "").strip())
