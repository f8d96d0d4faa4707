"""Official VisDrone-DET metrics."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmhcm.functional.scoring import METRICS as NAMES
from mmhcm.structures.annotations import (
    CLASSES,
    MAX_DETS,
    SCORE_DECIMALS,
    format_results,
    read_annotations,
)
from mmhcm.structures.results import (
    format_scores,
    score_results,
    scores_dict,
    write_submission,
)


class _ImageResult(NamedTuple):
    stem: str
    text: str
    image_wh: tuple[int, int]
    ann_path: str | None


@METRICS.register_module()
class VisDroneMetric(BaseMetric):
    """Metric of the VisDrone-DET challenge.

    The rounded rows of a submission are scored, so that scoring the written
    zip gives the same values.

    Data samples need ``img_path``, ``ori_shape``, ``pred_instances`` in
    pixels of the whole image, and ``ann_path``, the path of the VisDrone
    annotation file. Both paths must be in the ``meta_keys`` of the packing
    transform.

    Metrics are AP, AP50, AP75, AR1, AR10, AR100 and AR500, in per cent.
    Metrics without a prefix are official, and mAP equals AP; the prefix
    ``class_mean_`` marks the plain mean over classes.

    Args:
        max_dets (int): Maximum number of detections of an image. Defaults to
            500.
        score_decimals (int): Decimals of the scores. Defaults to 5.
        outfile_prefix (str, optional): Path of the zip of result files,
            without its suffix. Defaults to None, no zip.
        format_only (bool): If True, write the zip without scoring, for splits
            without annotations. Defaults to False.
        collect_device (str): 'cpu' or 'gpu'. Defaults to 'cpu'.
        prefix (str, optional): Prefix of the metric names. Defaults to None,
            which means 'visdrone'.

    Raises:
        ValueError: If an argument is out of range, or ``format_only`` is True
            without ``outfile_prefix``.
    """

    default_prefix = 'visdrone'
    #: Names of the metrics, without ``class_mean_``.
    names: ClassVar[tuple[str, ...]] = NAMES

    def __init__(
        self,
        max_dets: int = MAX_DETS,
        score_decimals: int = SCORE_DECIMALS,
        outfile_prefix: str | None = None,
        format_only: bool = False,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if max_dets < 1:
            raise ValueError(f'max_dets must be at least 1, not {max_dets}')
        if score_decimals < 1:
            raise ValueError(
                f'score_decimals must be at least 1, not {score_decimals}'
            )
        if format_only and outfile_prefix is None:
            raise ValueError('format_only needs outfile_prefix')
        self.max_dets = max_dets
        self.score_decimals = score_decimals
        self.outfile_prefix = outfile_prefix
        self.format_only = format_only

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Format the result rows of each image.

        Raises:
            ValueError: If an image has no annotation file, or detections are
                not finite. Checked here and not in ``compute_metrics``,
                which runs on one rank while the others wait.
        """
        self._check_classes()
        for data_sample in data_samples:
            img_path = Path(data_sample['img_path'])
            height, width = (int(n) for n in data_sample['ori_shape'][:2])
            ann_path = data_sample.get('ann_path')
            if not self.format_only and not (
                ann_path and Path(ann_path).is_file()
            ):
                raise ValueError(
                    f'{img_path}: no annotation file to score against '
                    f'(ann_path is {ann_path!r}); without annotations set '
                    'format_only=True, with annotations add ann_path to the '
                    'meta_keys of the packing transform'
                )
            pred = data_sample['pred_instances']
            try:
                text = format_results(
                    _to_numpy(pred['bboxes']),
                    _to_numpy(pred['scores']),
                    _to_numpy(pred['labels']),
                    (width, height),
                    max_dets=self.max_dets,
                    score_decimals=self.score_decimals,
                )
            except ValueError as error:
                raise ValueError(f'{img_path}: {error}') from error
            self.results.append(
                _ImageResult(img_path.stem, text, (width, height), ann_path)
            )

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Write the zip if wanted, compute the scores and log the tables."""
        logger = MMLogger.get_current_instance()
        images = [_ImageResult(*result) for result in results]
        texts = {image.stem: image.text for image in images}
        if len(texts) < len(images):
            raise ValueError(
                f'{len(images)} images have {len(texts)} names; result files '
                'are named after images'
            )
        if self.outfile_prefix is not None:
            zip_path = f'{self.outfile_prefix}.zip'
            write_submission(zip_path, texts)
            logger.info(f'Wrote {len(texts)} result files into {zip_path}')
        if self.format_only:
            return {}
        scores = score_results(
            texts,
            {im.stem: read_annotations(str(im.ann_path)) for im in images},
            {image.stem: image.image_wh for image in images},
        )
        logger.info(f'{len(images)} images\n{format_scores(scores)}')
        values = scores_dict(scores)
        return {
            **values['official'],
            # MMDetection's analyze_logs looks for this name.
            'mAP': values['official']['AP'],
            **{f'class_mean_{k}': v for k, v in values['class_mean'].items()},
        }

    def _check_classes(self) -> None:
        classes = tuple((self.dataset_meta or {}).get('classes', CLASSES))
        if classes != CLASSES:
            raise ValueError(
                'labels must be the ten VisDrone classes, not '
                f"{classes}: use dict(type='CocoMetric', metric='bbox')"
            )


def _to_numpy(tensor: Any) -> np.ndarray:
    if hasattr(tensor, 'detach'):
        tensor = tensor.detach().float().cpu()
    return np.asarray(tensor)
