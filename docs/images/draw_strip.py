"""Draw the README's strip of pictures from the files of ``make demo``.

Chips of an image, a canvas with pasted objects, errors on a canvas, the
objects of a new scene, and what is detected of them without and with hard
chips. Panels without files are left out.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

# A script's own folder is on the path, the repository's root is not.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmhcm.apis.browse.pictures import write_picture
from mmhcm.apis.data import (
    rendering_canvases,
    rendering_chips,
    rendering_hard_chips,
)
from mmhcm.apis.report.sources import RoundSources
from mmhcm.cli.arguments import add_config_arguments
from mmhcm.cli.user_errors import report_user_errors
from mmhcm.engine.launching import (
    load_config,
)
from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.scoring import DetectionType, rows_to_xyxy
from mmhcm.structures.annotations import CLASSES, parse_results
from mmhcm.structures.pool import read_image
from mmhcm.structures.results import read_submission
from mmhcm.structures.rounds import CLASS, MISSED, DetectedImage, find_errors
from mmhcm.visualization.box_styles import BoxStyle
from mmhcm.visualization.pictures import (
    ErrorMarks,
    Marks,
    ObjectMarks,
    contact_sheet,
    draw_boxes,
    legend_items,
    legend_strip,
)
from mmhcm.visualization.pictures.strokes import as_rect, stroke_rect
from mmhcm.visualization.report_page import JPEG_OPTIONS

#: Pixels of a panel, of the shape of a scene; a strip is as wide as a page.
PANEL_WH = (440, 248)
_CHIP = BoxStyle('chip', (255, 255, 255))
_GAP = 6


class Panel(NamedTuple):
    """A picture of the strip, and the boxes on it."""

    picture: np.ndarray
    marks: Marks


def chips_panel(cfg: Config) -> Panel:
    """Draw the windows of all chips of one image."""
    chips = rendering_chips(cfg)
    windows: dict[str, list] = {}
    for ind in range(chips.num_normal):
        info = chips.get_data_info(ind)
        row = (*info['chip']['window'], info['chip']['scale_ind'])
        windows.setdefault(info['img_path'], []).append(row)

    def rank(path: str) -> tuple[int, float]:
        """Order images by the number of scales, then by their covered area."""
        rows = np.array(windows[path])
        reach = rows[:, 2:4].max(axis=0) - rows[:, :2].min(axis=0)
        return len(set(rows[:, 4])), float(reach.prod()) / len(rows)

    path = max(windows, key=rank)
    image = read_image(path)
    picture = draw_boxes(image, Marks(), 0, PANEL_WH[0])
    boxes = as_bboxes([row[:4] for row in windows[path]])
    _outline(picture, boxes * (PANEL_WH[0] / image.shape[1]))
    title = f'1  the objects of an image are covered by {len(boxes)} chips'
    return Panel(_titled(picture, title), Marks())


def canvas_panel(cfg: Config) -> Panel:
    """Draw the part of a canvas with the most pasted objects."""
    canvases = rendering_canvases(cfg)
    pastes = [
        [paste.bbox for paste in canvases.get_data_info(ind).get('pastes', ())]
        for ind in range(len(canvases))
    ]
    ind = max(range(len(pastes)), key=lambda i: _densest(pastes[i])[0])
    info = canvases.get_data_info(ind)
    objects = ObjectMarks.of([i for i in info['instances'] if i.get('pasted')])
    image = canvases.pipeline(info)['img']
    title = '2  rare classes are pasted more often'
    return _crop(image, Marks(objects), pastes[ind], title)


def errors_panel(cfg: Config) -> Panel:
    """Draw errors of several kinds on a canvas, and the hard chips."""
    chips = rendering_hard_chips(cfg)
    assert chips.hard_round is not None, 'they are those of the round'
    sources = RoundSources(chips.sources, chips.pool, chips.scales or ())
    canvas = max(
        chips.hard_round.canvases,
        key=lambda c: len({error.kind for error in c.errors}),
    )
    image, _ = sources.renderer()(canvas)
    marks = Marks(errors=ErrorMarks.of(canvas.errors, CLASSES))
    bboxes = [error.bbox for error in canvas.errors]
    title = '3  errors, and hard chips around them (white)'
    return _crop(image, marks, bboxes, title, canvas.windows)


def scene_panels(
    cfg: Config, results: Sequence[Path], score_thr: float
) -> list[Panel]:
    """Draw a new scene's objects, and what two results detect of them."""
    init_default_scope('mmdet')
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    # Of the most classes, and with few objects: no result has a say.
    infos = [dataset.get_data_info(ind) for ind in range(len(dataset))]
    info = max(infos, key=_variety)
    image, stem = read_image(info['img_path']), Path(info['img_path']).stem
    objects = ObjectMarks.of(info['instances'])
    marks = {'4  objects of a new scene': Marks(objects)}
    names = '5  normal chips alone', '6  hard chips too'
    for title, path in zip(names, results, strict=True):
        rows = parse_results(read_submission(path)[stem], str(path))
        rows = rows[rows[:, 4] >= score_thr]
        found = DetectedImage.of(
            info['instances'],
            info['ignored_regions'],
            rows_to_xyxy(rows),
            rows[:, 4],
            rows[:, 5].astype(int) - 1,
        )
        types = found.classify(score_thr=score_thr)
        right = types.det_types == DetectionType.TRUE_POSITIVE
        errors = [
            error
            for error in find_errors(found, types)
            if error.kind in (CLASS, MISSED)
        ]
        marks[f'{title}: {right.sum()} right'] = Marks(
            ObjectMarks(found.det_bboxes[right], found.det_labels[right]),
            errors=ErrorMarks.of(errors, CLASSES, tag_missed=False),
        )
    return [
        _crop(image, part, objects.bboxes, title)
        for title, part in marks.items()
    ]


def _variety(info: dict) -> tuple[int, int]:
    labels = [
        item['bbox_label']
        for item in info['instances']
        if not item['ignore_flag']
    ]
    return len(set(labels)), -len(labels)


def _densest(bboxes: Sequence | np.ndarray) -> tuple[int, tuple[int, int]]:
    """Find the box around which a panel shows the most boxes."""
    boxes = as_bboxes(bboxes)
    if not len(boxes):
        return 0, (0, 0)
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2
    apart = np.abs(centers[:, None] - centers) < np.divide(PANEL_WH, 2.2)
    numbers = apart.all(axis=2).sum(axis=1)
    x, y = centers[numbers.argmax()].astype(int).tolist()
    return int(numbers.max()), (x, y)


def _crop(
    image: np.ndarray,
    marks: Marks,
    bboxes: Sequence | np.ndarray,
    title: str,
    windows: Sequence | np.ndarray = (),
) -> Panel:
    """Draw the part of an image that shows the most of ``bboxes``."""
    _, center = _densest(bboxes)
    left, top = (
        max(min(middle - side // 2, length - side), 0)
        for middle, side, length in zip(
            center, PANEL_WH, image.shape[1::-1], strict=True
        )
    )
    window = left, top, left + PANEL_WH[0], top + PANEL_WH[1]
    marks = marks.inside(window)
    part = image[top : window[3], left : window[2]].copy()
    _outline(part, as_bboxes(windows) - np.tile(window[:2], 2))
    return Panel(_titled(draw_boxes(part, marks, min_side=0), title), marks)


def _outline(picture: np.ndarray, windows: np.ndarray) -> None:
    """Draw the windows of chips."""
    for window in windows:
        stroke_rect(picture, as_rect(window), _CHIP)


def _titled(picture: np.ndarray, title: str) -> np.ndarray:
    strip = legend_strip([], title, picture.shape[1])
    return np.concatenate([picture, strip])


def draw_strip(
    cfg: Config, results: Sequence[Path], score_thr: float
) -> np.ndarray:
    """Draw all panels that there are files for, and a legend."""
    panels = [chips_panel(cfg), canvas_panel(cfg)]
    if list(Path(cfg.work_dir).glob('hcm/round_*/hard_chips.jsonl')):
        panels.append(errors_panel(cfg))
    if results:
        panels += scene_panels(cfg, results, score_thr)
    sheet = contact_sheet([panel.picture for panel in panels], 2, gap=_GAP)
    items = legend_items([panel.marks for panel in panels], CLASSES)
    return np.concatenate([sheet, legend_strip(items, '', sheet.shape[1])])


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_arguments(parser)
    parser.add_argument(
        '--results',
        nargs=2,
        type=Path,
        default=(),
        help='zips without and with hard chips',
    )
    parser.add_argument('--score-thr', type=float, default=0.3)
    parser.add_argument('--out', type=Path, required=True, help='a picture')
    return parser.parse_args()


def main() -> int:
    """Draw the strip."""
    args = parse_args()
    strip = draw_strip(load_config(args), args.results, args.score_thr)
    options = JPEG_OPTIONS if args.out.suffix == '.jpg' else ()
    print(write_picture(args.out, strip, *options))
    return 0


if __name__ == '__main__':
    sys.exit(report_user_errors(main))
