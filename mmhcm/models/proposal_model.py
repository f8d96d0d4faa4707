"""Proposal network of a two-stage detector."""

from typing import Any

import torch
from mmdet.structures import DetDataSample
from torch import nn


class ProposalModel(nn.Module):
    """Wrapper of a detector that predicts proposals instead of detections.

    ``pred_instances`` holds the proposals in pixels of the original image, all
    with label 0. The class is not registered, because it wraps an
    existing model.

    Args:
        detector (nn.Module): A detector with ``rpn_head``.

    Raises:
        ValueError: If the detector has no proposal network.
    """

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        if not hasattr(detector, 'rpn_head'):
            raise ValueError(
                'proposals need a detector with an RPN, got '
                f'{type(detector).__name__}'
            )
        self.detector: Any = detector

    @torch.no_grad()
    def test_step(self, data: Any) -> list[DetDataSample]:
        """Preprocess a batch and predict its proposals."""
        data = self.detector.data_preprocessor(data, False)
        features = self.detector.extract_feat(data['inputs'])
        samples = data['data_samples']
        proposals = self.detector.rpn_head.predict(
            features, samples, rescale=True
        )
        for sample, instances in zip(samples, proposals, strict=True):
            sample.pred_instances = instances
        return samples
