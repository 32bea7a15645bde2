"""Readers of what the views write: HTML as a parser sees it, and the places of texts in a picture."""

# ruff: noqa: D102 - the parser calls them

import re
import xml.etree.ElementTree as ET
from base64 import b64decode
from html.parser import HTMLParser

from npusdk.views.html.card import ELEMENTS
from npusdk.views.pictures.svg import text_box

VOID = {"img", "wbr", "source", "meta"}
ATTRIBUTES = {
    "div": {"lang", "style", "role", "tabindex", "aria-label"},
    "th": {"scope", "style"},
    "img": {"src", "alt", "width", "style"},
    "source": {"media", "srcset"},
}
PROPERTIES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-radius", "box-sizing", "caption-side",
    "color", "font-family", "font-size", "font-weight", "height", "letter-spacing", "line-height", "margin",
    "margin-left", "max-width", "min-width", "overflow-wrap", "overflow-x", "padding", "padding-left", "table-layout",
    "text-align", "vertical-align", "white-space", "width", "word-break",
}  # fmt: skip
"""Properties that JupyterLab 4 keeps in an output that it does not trust."""

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {"svg", "title", "desc", "rect", "line", "path", "circle", "polygon", "text"}


class Markup(HTMLParser):
    """Elements, attributes and visible text of a fragment; refuses what is not closed in order."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self._open = [], [], []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        raise AssertionError(data)

    def unknown_decl(self, data):
        raise AssertionError(data)

    def handle_pi(self, data):
        raise AssertionError(data)

    @property
    def text(self):
        """All visible text."""
        return "".join(self.texts)

    @property
    def skeleton(self):
        """Elements with their styles, without what a name may change."""
        return [(tag, attrs.get("style"), sorted(attrs)) for tag, attrs in self.elements if tag != "wbr"]

    def pictures(self):
        """Return the pictures as trees."""
        return [
            read_picture(b64decode(attrs[name].removeprefix("data:image/svg+xml;base64,"), validate=True))
            for tag, attrs in self.elements
            for name in ("src", "srcset")
            if name in attrs
        ]


def read_restricted(html):
    """Return the markup of a fragment after checking that it has nothing but what a card may have."""
    markup = Markup(html)
    for tag, attrs in markup.elements:
        assert tag in ELEMENTS
        assert set(attrs) <= ATTRIBUTES.get(tag, {"style"})
        for declaration in filter(None, attrs.get("style", "").split(";")):
            name, value = declaration.split(":", maxsplit=1)
            assert name in PROPERTIES
            assert re.fullmatch(r"[-#%.,'()\w ]+(!important)?", value), value
        for name in ("src", "srcset"):
            assert attrs.get(name, "data:image/svg+xml;base64,").startswith("data:image/svg+xml;base64,")
    for picture in markup.pictures():
        check_picture(picture)
    return markup


def check_picture(root):
    """Check that a picture has plain shapes only, and that no text leaves it or lies on another."""
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in SHAPES
        assert not any("href" in name or name.lower().startswith("on") or name == "style" for name in element.attrib)
        assert not any("url(" in value for value in element.attrib.values())
    width, height = float(root.get("width")), float(root.get("height"))
    boxes = [(element.text, box_of(element)) for element in root.iter(f"{SVG}text")]
    for index, (text, box) in enumerate(boxes):
        assert text.isprintable()
        assert box.left >= 0, text
        assert box.top >= 0, text
        assert box.right <= width, text
        assert box.bottom <= height, text
        for other, place in boxes[:index]:
            assert not box.meets(place), (text, other)


def box_of(element):
    """Return the place of a text."""
    return text_box(
        element.text,
        float(element.get("x")),
        float(element.get("y")),
        size=float(element.get("font-size")),
        anchor=element.get("text-anchor", "start"),
    )


def texts_of(svg):
    """Return all texts that a picture shows."""
    return [element.text for element in read_picture(svg).iter(f"{SVG}text")]


def read_picture(svg):
    """Return the tree of a picture, which must be well-formed."""
    return ET.fromstring(svg)  # noqa: S314 - our own writer's
