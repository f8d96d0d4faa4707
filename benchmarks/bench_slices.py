"""Sliced inference against SAHI: same detector, slices, merge and machine.

Input: the smallest images of VisDrone2019-DET-val, slices of 640 pixels that
overlap by 0.2, without rescaling, NMS at an IoU of 0.5, one thread. Two
detectors: the detector of projects/visdrone_lowdata (with the weights of
``--checkpoint``, by default random), and a very light detector, so that the
time of all other steps is visible. SAHI and ours use the same weights and a
score threshold of 0.02.

The detections of each slice are compared before timing. SAHI has no merge
border, so ours keeps detections that are cut by borders. SAHI runs the
detector as built by DetInferencer; ours is timed with the same detector, and
with the config's hooks, as in tools/test.py --slices.
"""

import logging
import sys
import tempfile
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from timing import alternate, parse_data_root, ratio_line

from mmhcm.engine.hooks import ChannelsLastHook, OneDnnHook
from mmhcm.functional.merging import slice_windows
from mmhcm.structures.annotations import (
    CLASSES,
    format_results,
    read_annotations,
)
from mmhcm.structures.images import read_image_sizes
from mmhcm.structures.results import score_results

REPO = Path(__file__).parents[1]
CONFIG = REPO / 'projects/visdrone_lowdata/configs/cpu_chips.py'
VAL = 'visdrone/VisDrone2019-DET-val'
SCORE_THR, WINDOW, OVERLAP = 0.02, 640, 0.2
LIGHT = {
    'backbone.depth': 18,
    'backbone.base_channels': 8,
    'backbone.stem_channels': 8,
    'neck.in_channels': [8, 16],
    'neck.out_channels': 8,
    'rpn_head.in_channels': 8,
    'rpn_head.feat_channels': 8,
    'roi_head.bbox_roi_extractor.out_channels': 8,
    'roi_head.bbox_head.in_channels': 8,
    'roi_head.bbox_head.fc_out_channels': 16,
    'test_cfg.rpn.nms_pre': 200,
    'test_cfg.rpn.max_per_img': 100,
    'test_cfg.rcnn.max_per_img': 100,
}


def detector_config(light: bool) -> Config:
    """Build a detector's config with a test pipeline that SAHI supports."""
    cfg = Config.fromfile(CONFIG)
    cfg.model.backbone.init_cfg = None
    if light:
        cfg.merge_from_dict(
            {f'model.{key}': value for key, value in LIGHT.items()}
        )
        cfg.model.backbone.style = 'pytorch'
    cfg.test_dataloader.dataset.pipeline = [
        {'type': 'LoadImageFromFile'},
        {'type': 'Resize', 'scale_factor': 1.0, 'keep_ratio': True},
        {
            'type': 'PackDetInputs',
            'meta_keys': ('ori_shape', 'img_shape', 'scale_factor'),
        },
    ]
    return cfg


def sahi_detector(cfg: Config, checkpoint: Path, folder: Path) -> Any:
    """Build SAHI's detector from a config."""
    from sahi.models.mmdet import MmdetDetectionModel

    cfg.dump(folder / 'config.py')
    return MmdetDetectionModel(
        model_path=str(checkpoint),
        config_path=str(folder / 'config.py'),
        confidence_threshold=SCORE_THR,
        device='cpu',
    )


def sahi_predict(detector: Any, path: Path) -> np.ndarray:
    """Detect objects of an image with SAHI, (n, 6): xyxy, score, label."""
    from sahi.predict import get_sliced_prediction

    found = get_sliced_prediction(
        str(path),
        detector,
        slice_height=WINDOW,
        slice_width=WINDOW,
        overlap_height_ratio=OVERLAP,
        overlap_width_ratio=OVERLAP,
        perform_standard_pred=False,
        postprocess_type='NMS',
        postprocess_match_metric='IOU',
        postprocess_match_threshold=0.5,
        verbose=0,
    ).object_prediction_list
    rows = [
        [*item.bbox.to_xyxy(), item.score.value, item.category.id]
        for item in found
    ]
    return np.array(rows).reshape(-1, 6)


class Ours:
    """Detector of images in slices, as in tools/test.py --slices."""

    def __init__(self, cfg: Config, module: torch.nn.Module) -> None:
        self.pipeline = Compose(cfg.slice_pipeline)
        one_scale = {
            'window': WINDOW,
            'overlap': OVERLAP,
            'scale_factor': 1.0,
        }
        self.model = MODELS.build(
            {
                **cfg.slice_model,
                'slices': [one_scale],
                'border': 'keep',
                'max_per_img': 100_000,
                'max_per_view': 1,
                'module': module,
            }
        )

    def predict(self, path: Path) -> np.ndarray:
        """Detect objects of an image, (n, 6): xyxy, score, label."""
        data = pseudo_collate([self.pipeline({'img_path': str(path)})])
        (sample,) = self.model.test_step(data)
        pred = sample.pred_instances
        columns = pred.bboxes, pred.scores[:, None], pred.labels[:, None]
        return torch.cat(columns, dim=1).double().numpy()


def compare_slices(detector: Any, ours: Ours, path: Path) -> tuple[int, float]:
    """Count detections of all slices, and find the largest difference."""
    from sahi.slicing import get_slice_bboxes

    image = ours.pipeline({'img_path': str(path)})['inputs']
    height, width = image.shape[1:]
    windows = slice_windows(width, height, WINDOW, OVERLAP)
    overlaps = {
        'overlap_height_ratio': OVERLAP,
        'overlap_width_ratio': OVERLAP,
    }
    theirs = get_slice_bboxes(height, width, WINDOW, WINDOW, **overlaps)
    assert windows.tolist() == theirs, 'slices differ'
    count, worst = 0, 0.0
    for x1, y1, x2, y2 in theirs:
        pixels = image[:, y1:y2, x1:x2].contiguous()
        detector.perform_inference(pixels.permute(1, 2, 0).numpy()[..., ::-1])
        (peer,) = detector._original_predictions
        data = {
            'inputs': [pixels],
            'data_samples': [slice_sample(y2 - y1, x2 - x1)],
        }
        pred = ours.model.module.test_step(data)[0].pred_instances
        assert pred.labels.tolist() == peer['labels'], 'labels differ'
        count += len(pred.labels)
        for key in ('bboxes', 'scores'):
            gap = np.array(peer[key]) - pred[key].detach().double().numpy()
            worst = max(worst, float(np.abs(gap).max(initial=0)))
    return count, worst


def slice_sample(height: int, width: int) -> DetDataSample:
    """Build the data sample of a slice at its own scale."""
    shape = height, width
    return DetDataSample(
        metainfo={
            'ori_shape': shape,
            'img_shape': shape,
            'scale_factor': (1.0, 1.0),
        }
    )


def matched_share(one: np.ndarray, two: np.ndarray) -> float:
    """Compute the share of all rows that are in both, rounded to 0.01."""
    sets = [set(map(tuple, np.round(rows, 2).tolist())) for rows in (one, two)]
    total = max(1, len(sets[0] | sets[1]))
    return len(sets[0] & sets[1]) / total


def official_ap(paths: list[Path], found: list[np.ndarray]) -> float:
    """Compute the official AP of detections of a few images."""
    sizes = read_image_sizes(paths[0].parent)
    texts = {
        path.stem: format_results(
            rows[:, :4], rows[:, 4], rows[:, 5].astype(int), sizes[path.stem]
        )
        for path, rows in zip(paths, found, strict=True)
    }
    folder = paths[0].parents[1] / 'annotations'
    scores = score_results(
        texts,
        {
            path.stem: read_annotations(folder / f'{path.stem}.txt')
            for path in paths
        },
        {path.stem: sizes[path.stem] for path in paths},
    )
    return float(scores.official[0])


def random_checkpoint(cfg: Config, path: Path) -> Path:
    """Write a checkpoint with random weights."""
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    meta = {'dataset_meta': {'classes': list(CLASSES)}}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, path)
    return path


def run(
    name: str, paths: list[Path], checkpoint: Path | None, turns: int
) -> None:
    """Compare the detections of one detector, then time it."""
    cfg = detector_config(light=name == 'light')
    with tempfile.TemporaryDirectory() as folder:
        if checkpoint is None:
            checkpoint = random_checkpoint(cfg, Path(folder, 'weights.pth'))
        peer = sahi_detector(cfg, checkpoint, Path(folder))
        plain = MODELS.build(cfg.model).eval()
        load_checkpoint(plain, str(checkpoint), map_location='cpu')
    fast = deepcopy(plain)
    for hook in (ChannelsLastHook(), OneDnnHook()):
        hook.before_run(SimpleNamespace(model=fast))
    same, hooked = Ours(cfg, plain), Ours(cfg, fast)
    count, worst = compare_slices(peer, same, paths[0])
    print(
        f'{name}: {count} detections of slices differ by {worst:.2g} at most'
    )
    found: dict[str, list[np.ndarray]] = {}

    def keep(key: str, predict: Any) -> Any:
        def all_images() -> None:
            found[key] = [predict(path) for path in paths]

        return all_images

    times = alternate(
        {
            'sahi': keep('sahi', lambda path: sahi_predict(peer, path)),
            'same': keep('same', same.predict),
            'hooked': keep('hooked', hooked.predict),
        },
        turns=turns,
    )
    for key, label in (('same', 'as SAHI runs it'), ('hooked', 'with hooks')):
        share = np.mean(
            [
                matched_share(one, two)
                for one, two in zip(found['sahi'], found[key], strict=True)
            ]
        )
        print(
            ratio_line(
                f'{name}, detector {label}',
                times['sahi'],
                times[key],
                per=len(paths),
            )
            + f'; {share:.1%} of merged detections equal to 0.01, AP '
            f'{official_ap(paths, found["sahi"]):.2f} and '
            f'{official_ap(paths, found[key]):.2f}'
        )


def main() -> None:
    """Print the ratio of SAHI's time to ours for each detector."""
    args = parse_data_root(
        __doc__,
        ('--checkpoint', {'type': Path, 'help': 'weights of cpu_chips.py'}),
        ('--images', {'type': int, 'default': 3}),
        ('--turns', {'type': int, 'default': 1}),
        ('--detectors', {'nargs': '+', 'default': ['light', 'trained']}),
    )
    try:
        import_module('sahi')
    except ImportError:
        sys.exit('SAHI is not installed: requirements/lock.txt has it')
    torch.set_num_threads(1)
    init_default_scope('mmdet')
    logging.getLogger('sahi').setLevel(logging.ERROR)
    MMLogger.get_instance('mmengine', log_level='ERROR')
    for name in Config.fromfile(CONFIG).custom_imports['imports']:
        import_module(name)
    folder = args.data_root / VAL / 'images'
    sizes = read_image_sizes(folder)
    stems = sorted(sizes, key=lambda stem: (np.prod(sizes[stem]), stem))
    images = [folder / f'{stem}.jpg' for stem in stems[: args.images]]
    for name in args.detectors:
        trained = name == 'trained'
        run(
            name,
            images,
            args.checkpoint if trained else None,
            args.turns if trained else 4 * args.turns,
        )


if __name__ == '__main__':
    main()
