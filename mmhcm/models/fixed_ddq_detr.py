"""MMDetection's DDQ-DETR with the same weights from the start."""

from typing import Any

from mmdet.models.detectors import DDQDETR
from mmdet.registry import MODELS

_ALIAS = 'aux_reg_branches'


@MODELS.register_module()
class FixedDDQDETR(DDQDETR):
    """``DDQDETR`` whose weights have the same names before and in training.

    That of MMDetection 3.3 makes the head's auxiliary branches a module of
    its decoder in the first training iteration, which names their weights
    twice: a run that resumes and mines would not have the weights that its
    checkpoint was written with.
    """

    def pre_decoder(self, *args: Any, **kwargs: Any) -> tuple:
        """Prepare the decoder's inputs."""
        outputs = super().pre_decoder(*args, **kwargs)
        branches = self.decoder._modules.pop(_ALIAS, None)
        if branches is not None:
            # An attribute that is no module of the decoder.
            object.__setattr__(self.decoder, _ALIAS, branches)
        return outputs
