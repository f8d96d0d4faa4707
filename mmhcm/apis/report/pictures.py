"""Pictures of a mining report: the hardest examples, and canvases."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mmhcm.datasets import IMAGE_ERRORS
from mmhcm.functional.boxes import as_bboxes, box_wh, sqrt_areas
from mmhcm.functional.chips import ChipScale
from mmhcm.functional.pasting import Paste
from mmhcm.structures.rounds import (
    BACKGROUND,
    BOTH,
    CLASS,
    ERROR_KINDS,
    LOCALIZATION,
    MISSED,
    ErrorBox,
    HardChipRound,
    MinedCanvas,
)
from mmhcm.visualization.pictures import (
    ErrorMarks,
    Marks,
    ObjectMarks,
    draw_boxes,
    error_text,
    legend_items,
)
from mmhcm.visualization.report_page import Gallery, Picture

from .counts import window_text
from .examples import Example, hardest_examples
from .sources import Render

#: Smallest and largest long side of an example, and of a canvas; pixels.
_EXAMPLE_SIDES, _CANVAS_SIDES = (240, 400), (0, 960)
#: Side of an example: factor of its boxes' longer side, minimum in pixels.
_CONTEXT, _MIN_CROP = 4, 56
_GROUP_TEXTS = {
    BACKGROUND: 'Detections where no object is annotated, from the highest '
    'score down.',
    CLASS: 'Objects that the detector gave the wrong class, from the '
    'highest score down.',
    MISSED: 'Objects that the detector did not find, from the largest '
    'down; they have no score.',
    BOTH: 'Detections of another class that overlap an object too little, or '
    'that are a part of it, from the highest score down.',
    LOCALIZATION: 'Detections of the right class that overlap the object too '
    'little, or that are a part of it, from the highest score down.',
}

Box = tuple[float, float, float, float]


def example_galleries(
    hard_round: HardChipRound,
    num_examples: int,
    render: Render,
    scales: Sequence[ChipScale],
    classes: Sequence[str],
) -> tuple[list[Gallery], int]:
    """Draw the hardest examples by kind; count the examples not drawn."""
    chosen = hardest_examples(hard_round, num_examples)
    drawn: dict[Example, tuple[Picture, Marks]] = {}
    everything = [e for examples in chosen.values() for e in examples]
    # Each canvas is painted once.
    for ind in sorted({example.canvas_ind for example in everything}):
        canvas = hard_round.canvases[ind]
        try:
            image, info = render(canvas)
        except IMAGE_ERRORS:
            continue
        for example in everything:
            if example.canvas_ind == ind:
                drawn[example] = _draw_example(
                    image, info, canvas, example.error, scales, classes
                )
    galleries = [
        _gallery(
            _capital(ERROR_KINDS[kind].many),
            _GROUP_TEXTS[kind],
            [drawn[e] for e in examples if e in drawn],
            classes,
        )
        for kind, examples in chosen.items()
    ]
    num_lost = sum(example not in drawn for example in everything)
    return [g for g in galleries if g.pictures], num_lost


def canvas_gallery(
    hard_round: HardChipRound,
    num_canvases: int,
    render: Render,
    classes: Sequence[str],
) -> Gallery | None:
    """Draw canvases with their pasted objects, spread over the round."""
    painted = [canvas for canvas in hard_round.canvases if canvas.pastes]
    inds = np.linspace(0, len(painted), num_canvases, endpoint=False)
    drawn = []
    for ind in np.unique(inds.astype(int)).tolist() if painted else ():
        canvas = painted[ind]
        try:
            image, _ = render(canvas)
        except IMAGE_ERRORS:
            continue
        drawn.append(_draw_canvas(image, canvas, classes))
    if not drawn:
        return None
    text = 'Some of them, with the pasted objects.'
    return _gallery('Canvases', text, drawn, classes, large=True)


def crop_window(
    bboxes: np.ndarray, bounds: Sequence[float]
) -> tuple[int, int, int, int]:
    """Return a square around boxes, with a margin, inside ``bounds``.

    Args:
        bboxes: (n, 4) xyxy, at least one.
        bounds: xyxy of the chip or the image, whole pixels.

    Returns:
        xyxy, whole pixels; a side is at most that of ``bounds``.
    """
    x1, y1 = bboxes[:, :2].min(axis=0).tolist()
    x2, y2 = bboxes[:, 2:].max(axis=0).tolist()
    side = max(round(_CONTEXT * max(x2 - x1, y2 - y1)), _MIN_CROP)
    left, right = _interval((x1 + x2) / 2, side, bounds[0], bounds[2])
    top, bottom = _interval((y1 + y2) / 2, side, bounds[1], bounds[3])
    return left, top, right, bottom


def _interval(
    center: float, side: int, low: float, high: float
) -> tuple[int, int]:
    side = min(side, int(high - low))
    start = min(max(round(center - side / 2), int(low)), int(high) - side)
    return start, start + side


def _gallery(
    title: str,
    text: str,
    drawn: Sequence[tuple[Picture, Marks]],
    classes: Sequence[str],
    large: bool = False,
) -> Gallery:
    legend = legend_items([marks for _, marks in drawn], classes)
    return Gallery(title, text, [p for p, _ in drawn], legend, large)


def _draw_example(
    image: np.ndarray,
    info: dict,
    canvas: MinedCanvas,
    error: ErrorBox,
    scales: Sequence[ChipScale],
    classes: Sequence[str],
) -> tuple[Picture, Marks]:
    shown = as_bboxes([b for b in (error.bbox, error.det_bbox) if b])
    chip, scale_text = _chip_of(canvas, error, scales)
    height, width = image.shape[:2]
    window = crop_window(shown, chip or (0, 0, width, height))
    x1, y1, x2, y2 = window
    # The detection, or the object if there is no detection.
    errors = ErrorMarks(shown[-1:], [error.kind], [''])
    objects = ObjectMarks.of(info['instances'])
    marks = Marks(objects, errors=errors).inside(window)
    text = error_text(error, classes)
    object_w, object_h = (round(v) for v in box_wh(shown[:1])[0].tolist())
    pasted = any(paste.bbox == error.bbox for paste in canvas.pastes)
    picture = Picture(
        draw_boxes(image[y1:y2, x1:x2], marks, *_EXAMPLE_SIDES),
        f'{_capital(ERROR_KINDS[error.kind].one)}: {text}, '
        f'on image {canvas.img_id}.',
        text,
        [
            *([f'score {error.score:.2f}'] if error.score else []),
            f'{object_w} × {object_h} px{", pasted" if pasted else ""}',
            scale_text,
            canvas.img_id,
        ],
    )
    return picture, marks


def _chip_of(
    canvas: MinedCanvas, error: ErrorBox, scales: Sequence[ChipScale]
) -> tuple[Box | None, str]:
    """Find the smallest chip that shows an error, and describe it."""
    windows = as_bboxes(canvas.windows)
    showing = [
        ind
        for ind, errors in enumerate(canvas.chip_errors)
        if error in [canvas.errors[i] for i in errors]
    ]
    if not showing:
        return None, 'in no chip'
    ind = showing[int(sqrt_areas(windows[showing]).argmin())]
    scale_ind = canvas.scale_inds[ind]
    if scale_ind >= len(scales):
        return canvas.windows[ind], 'chip: whole image'
    return canvas.windows[ind], f'chip: {window_text(scales[scale_ind])}'


def _draw_canvas(
    image: np.ndarray, canvas: MinedCanvas, classes: Sequence[str]
) -> tuple[Picture, Marks]:
    marks = Marks(_pasted_objects(canvas.pastes))
    numbers = Counter(classes[paste.label] for paste in canvas.pastes)
    names = ', '.join(f'{n} {name}' for name, n in sorted(numbers.items()))
    picture = Picture(
        draw_boxes(image, marks, *_CANVAS_SIDES),
        f'Canvas {canvas.img_id} with {len(canvas.pastes)} pasted objects.',
        canvas.img_id,
        [f'pasted: {names}'],
    )
    return picture, marks


def _pasted_objects(pastes: Sequence[Paste]) -> ObjectMarks:
    labels = np.array([paste.label for paste in pastes])
    return ObjectMarks(
        as_bboxes([paste.bbox for paste in pastes]),
        labels,
        pasted=np.ones(len(labels), dtype=bool),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
