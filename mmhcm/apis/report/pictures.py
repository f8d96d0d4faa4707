"""Pictures of a mining report: the hardest examples, and canvases."""

from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

from mmhcm.datasets import IMAGE_ERRORS
from mmhcm.functional.boxes import as_bboxes, box_wh, contains, sqrt_areas
from mmhcm.functional.chips import ChipScale
from mmhcm.structures.rounds import (
    KIND_NAMES,
    ErrorBox,
    HardChipRound,
    MinedCanvas,
)
from mmhcm.visualization.report_page import Gallery, Mark, Picture, jpeg_uri

from .counts import window_text
from .examples import Example, hardest_examples
from .sources import Render

_MAX_CROP, _MAX_CANVAS = 400, 960
#: An example shows this many times the longer side of its boxes.
_CONTEXT, _MIN_CROP = 4, 56
_GROUP_TEXTS = {
    'background': 'Where the detector saw an object and none is annotated, '
    'from the highest score down.',
    'class': 'Objects that the detector gave the wrong class, from the '
    'highest score down.',
    'missed': 'Objects that the detector did not find, from the largest '
    'down; they have no score.',
}

Box = tuple[float, float, float, float]


def example_galleries(
    hard_round: HardChipRound,
    num_examples: int,
    render: Render,
    scales: Sequence[ChipScale],
    classes: Sequence[str],
) -> tuple[list[Gallery], int]:
    """Draw the hardest examples, by type; say how many have no picture."""
    chosen = hardest_examples(hard_round, num_examples)
    pictures: dict[Example, Picture] = {}
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
                pictures[example] = _draw_example(
                    image, info, canvas, example.error, scales, classes
                )
    galleries = [
        Gallery(
            _capital(KIND_NAMES[kind]),
            _group_text(kind, examples),
            [pictures[e] for e in examples if e in pictures],
        )
        for kind, examples in chosen.items()
    ]
    num_lost = sum(example not in pictures for example in everything)
    return [g for g in galleries if g.pictures], num_lost


def canvas_gallery(
    hard_round: HardChipRound,
    num_canvases: int,
    render: Render,
    classes: Sequence[str],
) -> Gallery | None:
    """Draw canvases with their pasted objects, spread over the round."""
    painted = [canvas for canvas in hard_round.canvases if canvas.pastes]
    places = np.linspace(0, len(painted), num_canvases, endpoint=False)
    pictures = []
    for ind in np.unique(places.astype(int)).tolist() if painted else ():
        canvas = painted[ind]
        try:
            image, _ = render(canvas)
        except IMAGE_ERRORS:
            continue
        pictures.append(_draw_canvas(image, canvas, classes))
    if not pictures:
        return None
    return Gallery(
        'Canvases',
        'Some of them, with what was pasted.',
        pictures,
        large=True,
    )


def crop_window(
    bboxes: np.ndarray, bounds: Sequence[float]
) -> tuple[int, int, int, int]:
    """Square around boxes, with room around them, inside ``bounds``.

    Args:
        bboxes: (n, 4) xyxy, at least one.
        bounds: xyxy of the chip or the image, whole pixels.

    Returns:
        xyxy, whole pixels; smaller than a square where the bounds are.
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


def _draw_example(
    image: np.ndarray,
    info: dict,
    canvas: MinedCanvas,
    error: ErrorBox,
    scales: Sequence[ChipScale],
    classes: Sequence[str],
) -> Picture:
    shown = as_bboxes([b for b in (error.bbox, error.det_bbox) if b])
    chip, scale_text = _chip_of(canvas, shown, scales)
    height, width = image.shape[:2]
    x1, y1, x2, y2 = crop_window(
        shown, (0, 0, width, height) if chip is None else chip
    )
    picture, zoom = _shrunk(image[y1:y2, x1:x2], _MAX_CROP)

    def moved(bbox: Sequence[float]) -> Box:
        box = (np.asarray(bbox) - (x1, y1, x1, y1)) * zoom
        left, top, right, bottom = box.tolist()
        return left, top, right, bottom

    marks = [
        Mark(moved(item['bbox']), 'other', classes[item['bbox_label']])
        for item in info['instances']
        if not item['ignore_flag']
        and tuple(item['bbox']) != error.bbox
        and _touches(item['bbox'], (x1, y1, x2, y2))
    ]
    detection = error.bbox if error.kind == 'background' else error.det_bbox
    if detection is not None:
        marks.append(
            Mark(moved(detection), 'detection', classes[error.det_label])
        )
    # On top: its line is the thinner one.
    if error.kind != 'background':
        true = classes[error.gt_label]
        marks.append(Mark(moved(error.bbox), 'truth', true))
    title, seen = _describe(error, classes)
    object_w, object_h = (round(v) for v in box_wh(shown[:1])[0].tolist())
    pasted = any(paste.bbox == error.bbox for paste in canvas.pastes)
    return Picture(
        jpeg_uri(picture, 88),
        (picture.shape[1], picture.shape[0]),
        f'{seen}, on image {canvas.img_id}.',
        title,
        [
            *([f'score {error.score:.2f}'] if error.score else []),
            f'{object_w} × {object_h} px{", pasted" if pasted else ""}',
            scale_text,
            canvas.img_id,
        ],
        marks,
    )


def _group_text(kind: str, examples: Sequence[Example]) -> str:
    if kind != 'class' or any(e.error.det_bbox for e in examples):
        return _GROUP_TEXTS[kind]
    return (
        f"{_GROUP_TEXTS[kind]} The detector's own boxes are not in this "
        "round's file, which is of an older format."
    )


def _describe(error: ErrorBox, classes: Sequence[str]) -> tuple[str, str]:
    """Heading and alternative text."""
    if error.kind == 'missed':
        true = classes[error.gt_label]
        return f'{true}, not found', f'An object of class {true}, not found'
    taken = classes[error.det_label]
    if error.kind == 'background':
        return (
            f'{taken}, truly background',
            f'Background that was detected as {taken}',
        )
    true = classes[error.gt_label]
    return (
        f'{taken}, truly {true}',
        f'An object of class {true} that was detected as {taken}',
    )


def _chip_of(
    canvas: MinedCanvas, bboxes: np.ndarray, scales: Sequence[ChipScale]
) -> tuple[Box | None, str]:
    """Smallest chip that holds the boxes, and what to say of it."""
    windows = as_bboxes(canvas.windows)
    holding = np.flatnonzero(contains(windows, bboxes).all(axis=1))
    if not len(holding):
        return None, 'in no chip'
    ind = int(holding[sqrt_areas(windows[holding]).argmin()])
    scale_ind = canvas.scale_inds[ind]
    if scale_ind >= len(scales):
        return canvas.windows[ind], 'chip: whole image'
    return canvas.windows[ind], f'chip: {window_text(scales[scale_ind])}'


def _draw_canvas(
    image: np.ndarray, canvas: MinedCanvas, classes: Sequence[str]
) -> Picture:
    picture, zoom = _shrunk(image, _MAX_CANVAS)
    marks = []
    for paste in canvas.pastes:
        x1, y1, x2, y2 = (value * zoom for value in paste.bbox)
        marks.append(Mark((x1, y1, x2, y2), 'pasted', classes[paste.label]))
    numbers = Counter(classes[paste.label] for paste in canvas.pastes)
    names = ', '.join(f'{n} {name}' for name, n in sorted(numbers.items()))
    return Picture(
        jpeg_uri(picture, 80),
        (picture.shape[1], picture.shape[0]),
        f'Canvas {canvas.img_id} with {len(canvas.pastes)} pasted objects.',
        canvas.img_id,
        [f'pasted: {names}'],
        marks,
    )


def _shrunk(image: np.ndarray, limit: int) -> tuple[np.ndarray, float]:
    """The picture, no longer side above ``limit``, and pixels per pixel."""
    zoom = min(limit / max(image.shape[:2]), 1.0)
    if zoom == 1:
        return image, zoom
    wh = [max(round(side * zoom), 1) for side in image.shape[1::-1]]
    return cv2.resize(image, wh, interpolation=cv2.INTER_AREA), zoom


def _touches(bbox: Sequence[float], window: Sequence[float]) -> bool:
    return (
        bbox[0] < window[2]
        and bbox[2] > window[0]
        and bbox[1] < window[3]
        and bbox[3] > window[1]
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
