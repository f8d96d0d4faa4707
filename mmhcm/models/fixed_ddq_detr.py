"""MMDetection's DDQ-DETR with constant names of the weights."""

from typing import Any

from mmdet.models.detectors import DDQDETR
from mmdet.registry import MODELS

_ALIAS = 'aux_reg_branches'


@MODELS.register_module()
class FixedDDQDETR(DDQDETR):
    """``DDQDETR`` whose weights keep their names when training starts.

    In MMDetection 3.3, the first training iteration makes the head's auxiliary
    branches a module of the decoder too, which gives the weights of the
    branches a second name. In a resumed run with mining, the model would lack
    the second names that are in the checkpoint.
    """

    def pre_decoder(self, *args: Any, **kwargs: Any) -> tuple:
        """Prepare the decoder's inputs."""
        outputs = super().pre_decoder(*args, **kwargs)
        branches = self.decoder._modules.pop(_ALIAS, None)
        if branches is not None:
            # Set as an attribute, not as a module of the decoder.
            object.__setattr__(self.decoder, _ALIAS, branches)
        return outputs
