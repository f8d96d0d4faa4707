"""A report as one HTML page that loads nothing: sections, tables, pictures.

Reports are made of the blocks below; ``report_page.html.jinja`` and
``report_page.css`` give the page its form.
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
from mmhcm.visualization.pictures import LegendItem

#: Options of ``cv2.imencode``: colours at full resolution, for thin lines.
JPEG_OPTIONS = (
    *(cv2.IMWRITE_JPEG_QUALITY, 80),
    *(
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ),
)
_SIZE = '@@page size@@'


@dataclass(frozen=True)
class Cell:
    """A number of a table.

    Attributes:
        value: The number.
        text: Text instead of the number. Defaults to None: the number itself.
        share: Length of the bar, 0 to 1. Defaults to None, no bar.
        style: One of ``ERROR_KINDS``, 'better', 'worse' or ''.
        note: Small print next to the number.
    """

    value: float
    text: str | None = None
    share: float | None = None
    style: str = ''
    note: str = ''


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is the name of the row.

    Attributes:
        caption: Title of the table.
        columns: Names of all columns, including the first.
        rows: Name and cells of each row.
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
        caption: Title of the chart.
        bars: Name and count of each column.
        unit: Name of the things counted, such as 'chips'.
    """

    caption: str
    bars: Sequence[tuple[str, int]]
    unit: str

    @property
    def highest(self) -> int:
        """The largest count, at least 1."""
        return max([1, *(count for _, count in self.bars)])


@dataclass(frozen=True)
class Picture:
    """A picture with its text.

    Attributes:
        image: uint8 (h, w, 3) BGR.
        alt: Alternative text, for readers who do not see the picture.
        title: Heading of the picture.
        facts: Further lines.
    """

    image: np.ndarray
    alt: str
    title: str
    facts: Sequence[str] = ()

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        return data_uri(self.image, '.jpg', *JPEG_OPTIONS)


@dataclass(frozen=True)
class Gallery:
    """Pictures under a heading.

    Attributes:
        title: The heading.
        text: A sentence below the heading.
        pictures: The pictures.
        legend: Kinds of boxes on the pictures.
        large: Give each picture more room. Defaults to False.
    """

    title: str
    text: str
    pictures: Sequence[Picture]
    legend: Sequence[LegendItem] = ()
    large: bool = False


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
        lead: A sentence below the heading.
        facts: Names and values at the head.
        figures: Names of the most important numbers, and the numbers.
        sections: Parts of the page.
        settings: Folded text, such as the settings of a run.
        foot: A sentence at the end; the page's size follows.
        marker: Text of a meta tag that identifies the origin of the page.
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
    """Return the page as HTML, with every text escaped.

    The page's policy forbids loading, running or sending anything; the styles
    are allowed by their digest.
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
    environment.filters['png'] = lambda image: data_uri(image, '.png')
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
    """Format a number with thousands separators, and decimals if needed."""
    if float(value).is_integer():
        return f'{int(value):,}'
    return f'{value:,.2f}'


def data_uri(image: np.ndarray, suffix: str, *options: int) -> str:
    """Return a picture, uint8 (h, w, 3) BGR, as a data URI.

    Args:
        image: The picture.
        suffix: '.jpg' or '.png'.
        *options: Options of ``cv2.imencode``.

    Raises:
        ValueError: The picture cannot be encoded.
    """
    done, content = cv2.imencode(suffix, image, options)
    if not done:
        raise ValueError(f'a picture of shape {image.shape} makes no {suffix}')
    kind = {'.jpg': 'jpeg', '.png': 'png'}[suffix]
    encoded = base64.b64encode(content.tobytes()).decode()
    return f'data:image/{kind};base64,{encoded}'
