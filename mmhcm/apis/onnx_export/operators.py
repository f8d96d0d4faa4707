"""Detection operators of ONNX, computed by MMCV in PyTorch."""

from typing import Any

import torch
from mmcv.ops import nms, roi_align
from torch import Tensor
from torch.autograd import Function

#: First opset with RoIAlign as in ``RoIAlign(aligned=True)``.
OPSET = 16


class OnnxNMS(Function):
    """NMS of one class, ``NonMaxSuppression`` in ONNX."""

    @staticmethod
    def forward(
        _: Any,
        bboxes: Tensor,
        scores: Tensor,
        iou_thr: float,
        score_thr: float,
        max_num: int,
    ) -> Tensor:
        """Select boxes.

        Args:
            bboxes: (n, 4) xyxy.
            scores: (n,).
            iou_thr: IoU above which the lower of two scores is dropped.
            score_thr: Scores at or below it are dropped.
            max_num: Maximum number of boxes.

        Returns:
            (k,) indices, by descending score.
        """
        inds = (scores > score_thr).nonzero()[:, 0]
        if not len(inds):
            return inds
        _, keep = nms(bboxes[inds], scores[inds], iou_thr)
        return inds[keep][:max_num]

    @staticmethod
    def symbolic(
        g: Any,
        bboxes: Any,
        scores: Any,
        iou_thr: float,
        score_thr: float,
        max_num: int,
    ) -> Any:
        """Add the operator to a graph."""

        def constant(value: Any, dtype: torch.dtype) -> Any:
            return g.op('Constant', value_t=torch.tensor(value, dtype=dtype))

        first = constant([0], torch.int64)
        both = constant([0, 1], torch.int64)
        chosen = g.op(
            'NonMaxSuppression',
            g.op('Unsqueeze', bboxes, first),
            g.op('Unsqueeze', scores, both),
            constant([max_num], torch.int64),
            constant([iou_thr], torch.float32),
            constant([score_thr], torch.float32),
        )
        # Columns: image, class, box.
        column = constant(2, torch.int64)
        return g.op('Gather', chosen, column, axis_i=1)


class OnnxRoIAlign(Function):
    """Average RoIAlign with ``aligned=True``, ``RoiAlign`` in ONNX."""

    @staticmethod
    def forward(
        _: Any,
        feats: Tensor,
        bboxes: Tensor,
        output_size: tuple[int, int],
        spatial_scale: float,
        sampling_ratio: int,
    ) -> Tensor:
        """Pool the features of the regions of one image.

        Args:
            feats: (1, C, H, W).
            bboxes: (n, 4) xyxy, pixels of the network's input.
            output_size: (height, width) of the output.
            spatial_scale: Feature map pixels per input pixel.
            sampling_ratio: Samples along each axis of a cell, 0 for one per
                pixel.

        Returns:
            (n, C, *output_size).
        """
        rois = torch.cat([bboxes.new_zeros(len(bboxes), 1), bboxes], dim=1)
        return roi_align(
            feats.contiguous(),
            rois,
            output_size,
            spatial_scale,
            sampling_ratio,
            'avg',
            True,
        )

    @staticmethod
    def symbolic(
        g: Any,
        feats: Any,
        bboxes: Any,
        output_size: tuple[int, int],
        spatial_scale: float,
        sampling_ratio: int,
    ) -> Any:
        """Add the operator to a graph."""
        one = g.op('Constant', value_t=torch.tensor([1]))
        zero = g.op('Constant', value_t=torch.tensor([0]))
        shape = g.op('Shape', bboxes)
        number = g.op('Slice', shape, zero, one)
        images = g.op('Expand', zero, number)
        return g.op(
            'RoiAlign',
            feats,
            bboxes,
            images,
            output_height_i=output_size[0],
            output_width_i=output_size[1],
            spatial_scale_f=spatial_scale,
            sampling_ratio_i=max(0, sampling_ratio),
            mode_s='avg',
            coordinate_transformation_mode_s='half_pixel',
        )
