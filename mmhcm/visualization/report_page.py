"""A report as one HTML page that loads nothing: sections, tables, pictures.

What a report says is put together elsewhere, from the blocks below; how it
looks is in ``report_page.html.jinja`` and ``report_page.css``.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import cv2
import jinja2
import numpy as np

from mmhcm import __version__

#: How a box is drawn; the legend's order.
MARK_STYLES = {
    'detection': "the detector's box",
    'truth': 'the true box of the object',
    'other': 'true boxes of other objects',
    'pasted': 'pasted objects',
}
_SIZE = '@@page size@@'


@dataclass(frozen=True)
class Cell:
    """A number of a table.

    Attributes:
        value: What is counted.
        text: How it is written. Defaults to None: the number itself.
        share: Length of its bar, 0 to 1. Defaults to None, no bar.
        style: One of ``ERROR_KINDS``, 'better', 'worse' or ''.
        note: Small print beside it.
    """

    value: float
    text: str | None = None
    share: float | None = None
    style: str = ''
    note: str = ''


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row names it.

    Attributes:
        caption: What it shows.
        columns: Their names, the first one's included.
        rows: A name and the cells of each.
        total: The last row, set apart; empty for none.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    total: Sequence[str | Cell] = ()


@dataclass(frozen=True)
class Chart:
    """A small column chart of counts.

    Attributes:
        caption: What it shows.
        bars: Name and count of each column.
        unit: What is counted, such as 'chips'.
    """

    caption: str
    bars: Sequence[tuple[str, int]]
    unit: str

    @property
    def highest(self) -> int:
        """The largest count, at least 1."""
        return max([1, *(count for _, count in self.bars)])


@dataclass(frozen=True)
class Mark:
    """A box on a picture.

    Attributes:
        bbox: xyxy, pixels of the picture.
        style: One of ``MARK_STYLES``.
        name: What it is.
    """

    bbox: tuple[float, float, float, float]
    style: str
    name: str

    @property
    def wh(self) -> tuple[float, float]:
        """Width and height, pixels; a line's width at least."""
        x1, y1, x2, y2 = self.bbox
        return max(x2 - x1, 1.0), max(y2 - y1, 1.0)


@dataclass(frozen=True)
class Picture:
    """A picture with boxes, and what is to be said of it.

    Attributes:
        uri: A data URI, see :func:`jpeg_uri`.
        wh: Width and height, pixels.
        alt: What can be seen on it.
        title: Its heading.
        facts: Further lines.
        marks: Boxes, drawn over it.
    """

    uri: str
    wh: tuple[int, int]
    alt: str
    title: str
    facts: Sequence[str] = ()
    marks: Sequence[Mark] = ()


@dataclass(frozen=True)
class Gallery:
    """Pictures under a heading; ``large`` ones take more room."""

    title: str
    text: str
    pictures: Sequence[Picture]
    large: bool = False

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Styles that occur, with what they mean."""
        used = {m.style for p in self.pictures for m in p.marks}
        return [item for item in MARK_STYLES.items() if item[0] in used]


@dataclass(frozen=True)
class Section:
    """A part of the page; ``anchor`` is its id."""

    anchor: str
    title: str
    texts: Sequence[str] = ()
    blocks: Sequence[Table | Chart | Gallery] = ()


@dataclass(frozen=True)
class Page:
    """A whole report.

    Attributes:
        title: Heading and title.
        lead: A sentence below it.
        facts: Name and value of what the report is about.
        figures: Name and number of what counts most.
        sections: The parts.
        settings: Folded text, such as the settings of a run.
        foot: A sentence at the end; the page's size follows.
        marker: Kept in a meta tag, so that the page's origin can be told.
    """

    title: str
    lead: str
    facts: Sequence[tuple[str, str]]
    figures: Sequence[tuple[str, Cell]]
    sections: Sequence[Section]
    settings: str = ''
    foot: str = ''
    marker: str = ''


def render_page(page: Page) -> str:
    """Return the page as HTML; every text in it is escaped.

    Its policy forbids to load, run or send anything; styles are let in by
    their digest.
    """
    css = files(__package__).joinpath('report_page.css').read_text('utf-8')
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters['number'] = format_number
    environment.tests['table'] = lambda block: isinstance(block, Table)
    environment.tests['chart'] = lambda block: isinstance(block, Chart)
    source = files(__package__).joinpath('report_page.html.jinja')
    text = environment.from_string(source.read_text('utf-8')).render(
        page=page,
        css=css,
        css_digest=digest,
        size=_SIZE,
        version=__version__,
    )
    return text.replace(_SIZE, f'{len(text.encode()) / 1e6:.1f} MB')


def format_number(value: float) -> str:
    """Write a number with thousands apart, and no more digits than needed."""
    if float(value).is_integer():
        return f'{int(value):,}'
    return f'{value:,.2f}'


def jpeg_uri(image: np.ndarray, quality: int = 85) -> str:
    """Return a picture, uint8 (h, w, 3) BGR, as a data URI.

    Raises:
        ValueError: it cannot be encoded.
    """
    done, content = cv2.imencode(
        '.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise ValueError(f'a picture of shape {image.shape} makes no JPEG')
    encoded = base64.b64encode(content.tobytes()).decode()
    return f'data:image/jpeg;base64,{encoded}'
