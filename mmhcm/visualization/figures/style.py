"""Look of all figures, and their files.

Figures have the width of one or both columns of a two-column paper, and are to
be printed at that size: text is at least 7 pt high, lines at least 0.4 pt.
Colours are Okabe and Ito's, which colour-blind readers can distinguish;
hatches and markers differ too. The same input gives the same bytes.
"""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from mmhcm.structures.choices import FIGURE_FORMATS as FORMATS
from mmhcm.structures.choices import FIGURE_WIDTHS as WIDTHS
from mmhcm.structures.files import atomic_write

FONT_PT = 7.0
#: Blue, orange, green, vermilion, pink, sky blue, black.
COLORS = (
    '#0072B2',
    '#E69F00',
    '#009E73',
    '#D55E00',
    '#CC79A7',
    '#56B4E9',
    '#000000',
)
MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X')
HATCHES = ('', '/////', '.....', 'xxxxx', '-----', '|||||', '+++++')
GREY = '#767676'
MAX_SERIES = len(COLORS)

_RC: dict[Any, Any] = {
    'font.family': ['DejaVu Sans'],
    'font.size': FONT_PT,
    'axes.titlesize': FONT_PT,
    'axes.labelsize': FONT_PT,
    'xtick.labelsize': FONT_PT,
    'ytick.labelsize': FONT_PT,
    'legend.fontsize': FONT_PT,
    'axes.linewidth': 0.6,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.axisbelow': True,
    'grid.linewidth': 0.4,
    'grid.color': '#d9d9d9',
    'xtick.major.width': 0.6,
    'ytick.major.width': 0.6,
    'xtick.major.size': 2.5,
    'ytick.major.size': 2.5,
    'xtick.minor.size': 0,
    'ytick.minor.size': 0,
    'hatch.linewidth': 0.5,
    'legend.frameon': False,
    'legend.handlelength': 1.4,
    'legend.handletextpad': 0.5,
    'legend.columnspacing': 1.2,
    'legend.borderaxespad': 0.2,
    # Text stays text: PDF files embed the fonts, SVG files name the fonts.
    'pdf.fonttype': 42,
    'svg.fonttype': 'none',
    # Names in a file depend on the content of the file, not on chance.
    'svg.hashsalt': 'mmhcm',
}
# No date, so that equal figures give equal files.
_METADATA: dict[str, dict[str, Any]] = {
    'pdf': {'CreationDate': None, 'Creator': 'mmhcm'},
    'svg': {'Date': None, 'Creator': 'mmhcm'},
    'png': {'Software': 'mmhcm'},
}


@dataclass(frozen=True)
class Drawing:
    """A figure and its numbers.

    Attributes:
        figure: Figure to save inside :func:`figure_style`.
        numbers: Plain values for a json file; None for pictures.
        text: Numbers as text, for the terminal.
    """

    figure: Figure
    numbers: dict[str, Any] | None = None
    text: str = ''


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the project's style in a block, then restore the user's style."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def new_figure(
    width: str, height: float, hspace: float = 0.02, constrained: bool = True
) -> Figure:
    """Create a figure as wide as one column or both.

    Args:
        width: 'single' or 'double'.
        height: Inches.
        hspace: Space between rows of axes, share of their height.
        constrained: Let Matplotlib make room for labels and legends.
    """
    layout = ConstrainedLayoutEngine(h_pad=0.02, w_pad=0.02, hspace=hspace)
    figure = Figure(
        figsize=(WIDTHS[width], height),
        layout=layout if constrained else None,
    )
    # No window system, whatever backend the user has set.
    FigureCanvasAgg(figure)
    return figure


def wanted_paths(
    out: str | Path, kind: str, formats: Sequence[str] | None
) -> list[Path]:
    """Choose the files to write.

    Args:
        out: A file with one of the ``FORMATS`` as suffix, or a folder.
        kind: Name of the files in a folder.
        formats: Some of ``FORMATS``. None selects the suffix of ``out``, or
            pdf and png in a folder.

    Raises:
        ValueError: the format of the file is unknown.
    """
    out = Path(out)
    suffix = out.suffix.lower().removeprefix('.')
    if suffix in FORMATS:
        stem = out.with_suffix('')
        return [Path(f'{stem}.{name}') for name in formats or [suffix]]
    if suffix and not out.is_dir():
        raise ValueError(
            f'{out}: figures are written as {", ".join(FORMATS)}, or into a '
            'folder'
        )
    return [out / f'{kind}.{name}' for name in formats or ('pdf', 'png')]


def save_drawing(
    drawing: Drawing, paths: Sequence[Path], dpi: int = 300
) -> None:
    """Write a drawing, each file whole or not at all.

    Args:
        drawing: Made in the same :func:`figure_style`.
        paths: Files; the suffix sets the format.
        dpi: Dots per inch of png files.

    Raises:
        ValueError: a picture is to be written as json, but has no numbers.
    """
    for path in paths:
        content = _encode(drawing, path, dpi)
        with atomic_write(path) as file:
            file.write(content)


def check_series(names: Sequence[str]) -> None:
    """Refuse more series than there are colours.

    Raises:
        ValueError: there are more series than colours.
    """
    if len(names) > MAX_SERIES:
        raise ValueError(
            f'{len(names)} results in one figure; at most {MAX_SERIES} can '
            'be told apart'
        )


def _encode(drawing: Drawing, path: Path, dpi: int) -> bytes:
    suffix = path.suffix.lower().removeprefix('.')
    if suffix == 'json':
        if drawing.numbers is None:
            raise ValueError(f'{path}: a picture has no numbers to write')
        text = json.dumps(drawing.numbers, indent=2, allow_nan=False)
        return f'{text}\n'.encode()
    buffer = io.BytesIO()
    drawing.figure.savefig(
        buffer, format=suffix, dpi=dpi, metadata=_METADATA[suffix]
    )
    return buffer.getvalue()
