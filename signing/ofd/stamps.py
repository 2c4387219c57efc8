"""StampAnnot of Signature.xml (GB/T 33190-2016, 18.2.3): where a seal's picture is drawn.

Boxes are ST_Box: x, y, width and height in mm from the upper left corner of the page, y downwards;
Clip is measured from the upper left corner of Boundary, and only what lies in it is drawn.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, Self
from xml.sax.saxutils import quoteattr

from lxml import etree

from signing.ofd import xml


class Box(NamedTuple):
    """A rectangle in mm."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Four numbers with a positive size; None for anything else."""
        parts = text.split()
        try:
            numbers = [float(part) for part in parts] if len(parts) == 4 else []
        except ValueError:
            return None
        if not numbers or not all(map(math.isfinite, numbers)) or min(numbers[2:]) <= 0:
            return None
        return cls(*numbers)

    def write(self) -> str:
        """As OFD writes it, at most two decimals."""
        rounded = (f"{number:.2f}".rstrip("0").rstrip(".") for number in self)
        return " ".join("0" if number == "-0" else number for number in rounded)

    def holds(self, other: "Box", *, slack: float = 0.005) -> bool:
        """Whether the other box, measured from the same corner, lies inside this one."""
        return (
            other.x >= self.x - slack
            and other.y >= self.y - slack
            and other.x + other.width <= self.x + self.width + slack
            and other.y + other.height <= self.y + self.height + slack
        )


@dataclass(frozen=True, slots=True)
class Stamp:
    """One StampAnnot. `page_ref` is the ID attribute of the page, `boundary` None if malformed."""

    id: str
    page_ref: str
    boundary: Box | None
    clip: Box | None = None

    def to_xml(self) -> str:
        boundary = self.boundary.write() if self.boundary else ""
        clip = f" Clip={quoteattr(self.clip.write())}" if self.clip else ""
        return (
            f"<ofd:StampAnnot ID={quoteattr(self.id)} PageRef={quoteattr(self.page_ref)}"
            f" Boundary={quoteattr(boundary)}{clip}/>"
        )


def read(info: etree._Element) -> tuple[Stamp, ...]:
    """The stamps of a SignedInfo element, in their order."""
    return tuple(_read_one(element) for element in xml.children(info, "StampAnnot"))


def _read_one(element: etree._Element) -> Stamp:
    clip = xml.attribute(element, "Clip")
    boundary, shown = Box.read(xml.attribute(element, "Boundary")), Box.read(clip)
    if clip and shown is None:
        boundary = None
    return Stamp(xml.attribute(element, "ID"), xml.attribute(element, "PageRef"), boundary, shown)
