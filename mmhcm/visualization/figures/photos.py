"""Photographs with boxes, side by side: Figs. 2, 5 and 6 of the paper.

Boxes are vector graphics over the pictures, thinner on small objects, so that
the objects stay visible under hundreds of boxes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from mmhcm.functional.boxes import as_bboxes, sqrt_areas
from mmhcm.visualization.box_styles import BoxStyle, Color, Dash, class_style

from .style import FONT_PT, WIDTHS, new_figure

_GAP_INCH = 0.04
_LABEL_INCH = 0.17
#: Pixels per printed inch; more are not visible at the printed size.
_IMAGE_DPI = 300
#: Width of the lines on large objects, points.
MAX_LINE_PT = 0.9


@dataclass(frozen=True)
class Photo:
    """A picture and its boxes.

    Attributes:
        image: uint8 (h, w, 3) BGR.
        boxes: Kinds of boxes with their (n, 4) xyxy, pixels of ``image``.
    """

    image: np.ndarray
    boxes: Sequence[tuple[BoxStyle, np.ndarray]] = ()


@dataclass(frozen=True)
class PhotoRow:
    """Pictures next to each other, of equal height.

    Attributes:
        photos: At least one.
        label: Text left of the row, rotated; '' for none.
    """

    photos: Sequence[Photo] = field(default_factory=list)
    label: str = ''


def class_boxes(
    bboxes: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> list[tuple[BoxStyle, np.ndarray]]:
    """Split boxes (n, 4) by label (n,) into kinds to draw."""
    bboxes, labels = as_bboxes(bboxes), np.asarray(labels, dtype=np.int64)
    return [
        (class_style(label, classes[label]), bboxes[labels == label])
        for label in np.unique(labels).tolist()
    ]


def photo_rows(
    photos: Sequence[Photo], columns: int, label: str = ''
) -> list[PhotoRow]:
    """Break pictures into rows of at most ``columns``."""
    return [
        PhotoRow(photos[start : start + columns], '' if start else label)
        for start in range(0, len(photos), columns)
    ]


def choose_images(
    stems: Sequence[str], num: int, seed: int, wanted: Sequence[str] = ()
) -> list[str]:
    """Take the named images, or a random sample, in their given order.

    Raises:
        ValueError: a named image is missing.
    """
    unknown = [stem for stem in wanted if stem not in stems]
    if unknown:
        raise ValueError(f'no such image: {", ".join(unknown)}')
    if wanted:
        return list(wanted)
    order = np.random.default_rng(seed).permutation(len(stems))
    return [stems[ind] for ind in sorted(order[:num].tolist())]


def detections_text(
    stems: Sequence[str], counts: Sequence[int], score_thr: float
) -> str:
    """Format the number of detections that are drawn on each image."""
    return '\n'.join(
        f'{stem}: {count} detections from score {score_thr:g}'
        for stem, count in zip(stems, counts, strict=True)
    )


def draw_photos(rows: Sequence[PhotoRow], width: str = 'double') -> Figure:
    """Draw rows of pictures, each as wide as the figure, and a legend.

    Args:
        rows: From top to bottom.
        width: 'single' or 'double'.

    Raises:
        ValueError: no pictures are given.
    """
    rows = [row for row in rows if row.photos]
    if not rows:
        raise ValueError('no picture to draw')
    left = _LABEL_INCH if any(row.label for row in rows) else 0.0
    inches = WIDTHS[width] - left
    heights = [_row_height(row, inches) for row in rows]
    figure = new_figure(width, 1.0, constrained=False)
    legend_inch = _add_legend(figure, _styles(rows), WIDTHS[width])
    total = sum(heights) + _GAP_INCH * (len(rows) - 1) + legend_inch
    figure.set_size_inches(WIDTHS[width], total)
    top = total
    for row, height in zip(rows, heights, strict=True):
        x = left
        for photo in row.photos:
            wide = height * _aspect(photo)
            place = (x, top - height, wide, height)
            axes = figure.add_axes(
                tuple(np.divide(place, (WIDTHS[width], total) * 2))
            )
            _draw_photo(axes, photo, wide)
            x += wide + _GAP_INCH
        if row.label:
            figure.text(
                0.42 * left / WIDTHS[width],
                (top - height / 2) / total,
                row.label,
                rotation=90,
                ha='center',
                va='center',
            )
        top -= height + _GAP_INCH
    return figure


def _draw_photo(axes: Axes, photo: Photo, inches: float) -> None:
    height, width = photo.image.shape[:2]
    factor = min(inches * _IMAGE_DPI / width, 1)
    size = max(round(width * factor), 1), max(round(height * factor), 1)
    shown = cv2.resize(photo.image, size, interpolation=cv2.INTER_AREA)
    axes.imshow(
        shown[..., ::-1],
        extent=(0, width, height, 0),
        interpolation='none',
        aspect='auto',
    )
    axes.set_axis_off()
    points_a_pixel = inches * 72 / width
    for style, bboxes in photo.boxes:
        _draw_boxes(axes, style, as_bboxes(bboxes), points_a_pixel)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)


def _draw_boxes(
    axes: Axes, style: BoxStyle, bboxes: np.ndarray, points_a_pixel: float
) -> None:
    order = np.argsort(-sqrt_areas(bboxes), kind='stable')
    bboxes = bboxes[order]
    x1, y1, x2, y2 = bboxes.T
    corners = np.stack(
        [(x1, y1), (x2, y1), (x2, y2), (x1, y2), (x1, y1), (x2, y1)], 0
    )  # (6, 2, n): one side twice, so that the last corner is mitred
    lines = corners.transpose(2, 0, 1)
    sizes_pt = sqrt_areas(bboxes) * points_a_pixel
    line_pt = np.clip(0.07 * sizes_pt, 0.4, MAX_LINE_PT)
    dark = LineCollection(
        list(lines), colors='black', linewidths=line_pt + 0.35, alpha=0.55
    )
    bright = LineCollection(
        list(lines),
        colors=_as_hex(style.color),
        linewidths=line_pt,
        linestyles=[_line_style(style)],
    )
    for collection in (dark, bright):
        collection.set_joinstyle('miter')
        axes.add_collection(collection, autolim=False)


def _as_hex(color: Color) -> str:
    return '#{:02x}{:02x}{:02x}'.format(*color)


def _line_style(style: BoxStyle) -> Literal['solid'] | tuple[float, Dash]:
    """Return the dash in Matplotlib's format, in widths of the line."""
    return 'solid' if style.dash is None else (0, style.dash)


def _styles(rows: Sequence[PhotoRow]) -> list[BoxStyle]:
    """List the kinds of boxes that occur, in the order of first mention."""
    styles = {
        style.name: style
        for row in rows
        for photo in row.photos
        for style, bboxes in photo.boxes
        if len(bboxes)
    }
    return list(styles.values())


def _add_legend(
    figure: Figure, styles: Sequence[BoxStyle], inches: float
) -> float:
    """Put a legend below, in as few lines as fit; return its height."""
    if not styles:
        return 0.0
    handles = [
        Line2D(
            [],
            [],
            color=_as_hex(style.color),
            linestyle=_line_style(style),
            linewidth=1.6,
            label=style.name,
            path_effects=[
                Stroke(linewidth=2.4, foreground='black'),
                Normal(),
            ],
        )
        for style in styles
    ]
    renderer = FigureCanvasAgg(figure).get_renderer()
    for columns in range(len(handles), 0, -1):
        legend = figure.legend(
            handles=handles,
            loc='lower center',
            ncols=columns,
            borderpad=0.15,
            labelspacing=0.3,
            handlelength=2.2,
            fontsize=FONT_PT,
        )
        extent = legend.get_window_extent(renderer)
        if extent.width / figure.dpi <= inches or columns == 1:
            return float(extent.height / figure.dpi) + _GAP_INCH
        legend.remove()
    return 0.0


def _row_height(row: PhotoRow, inches: float) -> float:
    gaps = _GAP_INCH * (len(row.photos) - 1)
    return (inches - gaps) / sum(_aspect(photo) for photo in row.photos)


def _aspect(photo: Photo) -> float:
    height, width = photo.image.shape[:2]
    return float(width / height)
