"""Properties that hold for every figure."""

from matplotlib.axis import Tick
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from mmhcm.visualization.figures import WIDTHS

_SLACK = 1.5  # pixels at 100 dpi


def check_figure(figure: Figure, width: str) -> list[str]:
    """Check size, text height, and that no text is cut; return the texts."""
    assert figure.get_figwidth() == WIDTHS[width]
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    texts = [
        text
        for text in _drawn_texts(figure)
        if text.get_visible() and text.get_text().strip()
    ]
    assert min(text.get_fontsize() for text in texts) >= 7
    for text in texts:
        box = text.get_window_extent(renderer)
        name = text.get_text()
        assert box.x0 >= -_SLACK, name
        assert box.y0 >= -_SLACK, name
        assert box.x1 <= figure.bbox.x1 + _SLACK, name
        assert box.y1 <= figure.bbox.y1 + _SLACK, name
    for axes in figure.axes:
        if axes.get_visible() and axes.axison:
            for axis in (axes.xaxis, axes.yaxis):
                _check_ticks(axis, renderer)
    return [text.get_text() for text in texts]


def _drawn_texts(figure):
    """All texts, of the ticks those inside of the limits alone."""
    of_ticks = {
        label
        for tick in figure.findobj(Tick)
        for label in (tick.label1, tick.label2)
    }
    drawn = {
        label
        for axes in figure.axes
        if axes.get_visible() and axes.axison
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis._update_ticks()
        for label in (tick.label1, tick.label2)
    }
    texts = figure.findobj(Text)
    return [text for text in texts if text in drawn or text not in of_ticks]


def _check_ticks(axis, renderer):
    boxes = sorted(
        (
            label.get_window_extent(renderer).get_points().tolist()
            for label in (tick.label1 for tick in axis._update_ticks())
            if label.get_visible()
            and label.get_text()
            and label.get_rotation() == 0
        ),
        key=lambda box: (box[0][0], box[0][1]),
    )
    for number, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[number + 1 :]:
            apart = (
                other_low[0] >= high[0] - _SLACK
                or other_low[1] >= high[1] - _SLACK
                or low[1] >= other_high[1] - _SLACK
            )
            assert apart, (axis, low, high, other_low)
