"""Detectors as graphs from an image to detections."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from mmdet.models import AnchorHead, BaseDetector, RetinaHead, RPNHead
from mmdet.models.roi_heads import CascadeRoIHead, StandardRoIHead
from mmdet.models.task_modules.coders import DeltaXYWHBBoxCoder
from mmdet.models.task_modules.coders.delta_xywh_bbox_coder import delta2bbox
from torch import Tensor, nn

from .operators import OnnxNMS, OnnxRoIAlign

#: Value below all scores.
_NONE = -1.0


class Network(nn.Module):
    """Backbone, neck and dense head of a detector, for one size of images.

    Args:
        model: The detector, in evaluation mode.
        image_wh: Width and height of the image, pixels.
    """

    def __init__(self, model: BaseDetector, image_wh: tuple[int, int]) -> None:
        super().__init__()
        self.model = model
        self.image_wh = image_wh

    @property
    def head(self) -> Any:
        """Head on the feature maps."""
        return getattr(self.model, 'rpn_head', None) or self.model.bbox_head

    def preprocess(self, image: Tensor) -> Tensor:
        """Normalise and pad as in the detector's preprocessor.

        Args:
            image: (1, 3, h, w) BGR, 0 to 255, float.
        """
        settings = self.model.data_preprocessor
        if settings._channel_conversion:
            image = image[:, [2, 1, 0]]
        if settings._enable_normalize:
            image = (image - settings.mean) / settings.std
        divisor = settings.pad_size_divisor
        width, height = self.image_wh
        pads = [0, -width % divisor, 0, -height % divisor]
        return F.pad(image, pads, value=settings.pad_value)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return the dense head's outputs as a flat tuple."""
        feats = self.model.extract_feat(self.preprocess(image))
        return tuple(_flattened(self.head(feats)))


def _flattened(outputs: Any) -> Any:
    if isinstance(outputs, Tensor):
        yield outputs
    elif isinstance(outputs, list | tuple):
        for output in outputs:
            yield from _flattened(output)


class Detector(Network):
    """Whole detector for one size of images.

    Supports one-stage and two-stage detectors with anchors and NMS:
    RetinaNet, Faster R-CNN, Cascade R-CNN. The result is the same as that of
    MMDetection's ``predict``, in pixels of the input image.

    Raises:
        ValueError: a part of the detector is not supported.
    """

    def __init__(self, model: BaseDetector, image_wh: tuple[int, int]) -> None:
        super().__init__(model, image_wh)
        _check_parts(model)
        with torch.no_grad():
            image = torch.zeros(1, 3, image_wh[1], image_wh[0])
            feats = self.model.extract_feat(self.preprocess(image))
        generator = self.head.prior_generator
        sizes = [feat.shape[-2:] for feat in feats[: generator.num_levels]]
        self.anchors = generator.grid_priors(sizes, device='cpu')

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Detect objects.

        Args:
            image: (1, 3, h, w) BGR, 0 to 255, float.

        Returns:
            Boxes (k, 4) xyxy, scores (k,) and labels (k,).
        """
        feats = self.model.extract_feat(self.preprocess(image))
        bboxes, scores, groups = self._dense(feats)
        cfg = self.head.test_cfg
        if not isinstance(self.head, RPNHead):
            return _suppressed(bboxes, scores, groups, cfg)
        proposals, *_ = _suppressed(bboxes, scores, groups, cfg)
        bboxes, scores = self._refine(feats, proposals)
        number, num_classes = scores.shape
        labels = torch.arange(num_classes).expand(number, num_classes)
        return _suppressed(
            bboxes.reshape(-1, 4),
            scores.reshape(-1),
            labels.reshape(-1),
            self.model.roi_head.test_cfg,
        )

    def _dense(self, feats: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return boxes, scores and NMS groups of all levels."""
        head = self.head
        found = []
        for level, (logits, deltas) in enumerate(
            zip(*head(feats), strict=True)
        ):
            num = head.cls_out_channels
            scores = logits.permute(0, 2, 3, 1).reshape(-1, num)
            scores = (
                scores.sigmoid()
                if head.use_sigmoid_cls
                else scores.softmax(-1)[:, :-1]
            )
            num = scores.shape[1]
            flat = scores.reshape(-1)
            limit = head.test_cfg.get('nms_pre', -1)
            kept = min(limit, len(flat)) if limit > 0 else len(flat)
            best, inds = flat.topk(kept)
            rows = inds // num
            bboxes = _decoded(
                head.bbox_coder,
                self.anchors[level][rows],
                deltas.permute(0, 2, 3, 1).reshape(-1, 4)[rows],
                self.image_wh,
            )
            groups = (
                torch.full_like(inds, level)
                if isinstance(head, RPNHead)
                else inds % num
            )
            found.append((bboxes, best, groups))
        return tuple(torch.cat(parts) for parts in zip(*found, strict=True))

    def _refine(
        self, feats: Sequence[Tensor], proposals: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Classify proposals and refine them, stage by stage.

        Returns:
            Boxes (n, C, 4) and scores (n, C).
        """
        roi_head = self.model.roi_head
        cascaded = isinstance(roi_head, CascadeRoIHead)
        heads = roi_head.bbox_head if cascaded else [roi_head.bbox_head]
        pools = roi_head.bbox_roi_extractor
        total: Any = 0
        for stage, head in enumerate(heads):
            pool = pools[stage] if cascaded else pools
            logits, deltas = head(_pooled(pool, feats, proposals))
            total = total + logits
            num = 1 if head.reg_class_agnostic else head.num_classes
            rois = proposals[:, None].expand(-1, num, 4)
            bboxes = _decoded(
                head.bbox_coder,
                rois.reshape(-1, 4),
                deltas.reshape(-1, 4),
                self.image_wh,
            ).reshape(-1, num, 4)
            if stage < len(heads) - 1:
                proposals = _of_class(bboxes, logits[:, :-1].argmax(1))
        scores = (total / len(heads)).softmax(-1)[:, :-1]
        return bboxes.expand(-1, scores.shape[1], 4), scores


def _of_class(bboxes: Tensor, labels: Tensor) -> Tensor:
    """Choose for each region the box of its class; (n, C, 4) to (n, 4)."""
    if bboxes.shape[1] == 1:
        return bboxes[:, 0]
    inds = labels[:, None, None].expand(-1, 1, 4)
    return bboxes.gather(1, inds)[:, 0]


def _decoded(
    coder: DeltaXYWHBBoxCoder,
    anchors: Tensor,
    deltas: Tensor,
    image_wh: tuple[int, int],
) -> Tensor:
    bboxes = delta2bbox(
        anchors,
        deltas,
        coder.means,
        coder.stds,
        max_shape=None,
        add_ctr_clamp=coder.add_ctr_clamp,
        ctr_clamp=coder.ctr_clamp,
    )
    if not coder.clip_border:
        return bboxes
    whole = torch.tensor([*image_wh, *image_wh], dtype=bboxes.dtype)
    return torch.minimum(bboxes.clamp(min=0), whole)


def _pooled(pool: Any, feats: Sequence[Tensor], bboxes: Tensor) -> Tensor:
    """Pool each region from the feature level for its size."""
    rois = torch.cat([torch.zeros_like(bboxes[:, :1]), bboxes], dim=1)
    levels = pool.map_roi_levels(rois, pool.num_inputs)
    parts, places = [], []
    for level, layer in enumerate(pool.roi_layers):
        inds = (levels == level).nonzero()[:, 0]
        parts.append(
            OnnxRoIAlign.apply(
                feats[level],
                bboxes[inds],
                layer.output_size,
                layer.spatial_scale,
                layer.sampling_ratio,
            )
        )
        places.append(inds)
    # Restore the order of the regions.
    order = torch.cat(places).argsort()
    return torch.cat(parts)[order]


def _suppressed(
    bboxes: Tensor, scores: Tensor, groups: Tensor, cfg: Any
) -> tuple[Tensor, ...]:
    """Apply NMS within each group; drop boxes that are too small."""
    min_size = cfg.get('min_bbox_size', -1)
    if min_size >= 0:
        wh = bboxes[:, 2:] - bboxes[:, :2]
        large = (wh > min_size).all(dim=1)
        scores = torch.where(large, scores, torch.full_like(scores, _NONE))
    apart = groups.to(bboxes) * (bboxes.max() + 1)
    keep = OnnxNMS.apply(
        bboxes + apart[:, None],
        scores,
        float(cfg.nms.iou_threshold),
        float(cfg.get('score_thr', _NONE / 2)),
        int(cfg.max_per_img),
    )
    return bboxes[keep], scores[keep], groups[keep]


def _check_parts(model: BaseDetector) -> None:
    """Check that all parts of the detector are supported."""
    dense = getattr(model, 'rpn_head', None) or model.bbox_head
    roi_head = getattr(model, 'roi_head', None)
    parts = [dense]
    faults = []
    if type(dense) not in (AnchorHead, RetinaHead, RPNHead):
        faults.append(f'{type(dense).__name__} is another head')
    if roi_head is not None:
        if type(roi_head) not in (StandardRoIHead, CascadeRoIHead):
            faults.append(f'{type(roi_head).__name__} is another RoI head')
        else:
            heads = roi_head.bbox_head
            parts += heads if isinstance(heads, nn.ModuleList) else [heads]
    for part in parts:
        coder = getattr(part, 'bbox_coder', None)
        if type(coder) is not DeltaXYWHBBoxCoder:
            faults.append(f'boxes are coded by {type(coder).__name__}')
    for owner in (dense, roi_head):
        cfg = getattr(owner, 'test_cfg', None)
        if cfg is not None and cfg.get('nms', {}).get('type') != 'nms':
            faults.append('boxes are merged by another method than NMS')
    if faults:
        raise ValueError(
            f'{type(model).__name__} cannot be exported whole: {faults[0]}; '
            '--network exports backbone, neck and dense head'
        )
