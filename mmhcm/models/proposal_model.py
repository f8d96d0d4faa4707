"""A two-stage detector seen as its proposal network."""

from typing import Any

import torch
from mmdet.structures import DetDataSample
from torch import nn


class ProposalModel(nn.Module):
    """Give a detector's proposals where its detections are expected.

    ``pred_instances`` holds the proposals, pixels of the original image, all
    of label 0. Not registered: it wraps a model that exists.

    Args:
        detector (nn.Module): A detector with ``rpn_head``.

    Raises:
        ValueError: the detector has no proposal network.
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
        """Preprocess one batch and propose."""
        data = self.detector.data_preprocessor(data, False)
        features = self.detector.extract_feat(data['inputs'])
        samples = data['data_samples']
        proposals = self.detector.rpn_head.predict(
            features, samples, rescale=True
        )
        for sample, instances in zip(samples, proposals, strict=True):
            sample.pred_instances = instances
        return samples
