"""Hook that ends a run at non-finite numbers."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.registry import HOOKS
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from mmengine.runner import Runner

from mmhcm.engine.wrappers import unwrap
from mmhcm.structures.files import atomic_write

_META_KEYS = ('img_id', 'img_path', 'chip_window', 'scale_factor', 'flip')


@HOOKS.register_module()
class StopAtNonFiniteHook(Hook):
    """Hook that stops at a non-finite loss, gradient norm or weight.

    After each iteration the loss is checked, and the gradients' norm if
    gradients are clipped; in mixed precision only the loss, because dynamic
    loss scaling causes infinite gradients on purpose and skips them. A record
    of the failing batch is written to ``<work_dir>/non_finite/``. Weights are
    checked before a checkpoint is written, so that no checkpoint contains
    non-finite weights.

    The cost is negligible: MMEngine logs every loss of every iteration, and
    has already waited for the GPU.

    Runs at priority HIGH: after the hook that logs, before the hooks that
    average weights and write checkpoints.
    """

    priority = 'HIGH'

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Check one iteration.

        Raises:
            FloatingPointError: loss or gradients are not finite.
        """
        checked = {}
        if outputs is not None and 'loss' in outputs:
            checked['loss'] = _as_float(outputs['loss'])
        norm = _gradient_norm(runner)
        if norm is not None:
            checked['grad_norm'] = norm
        bad = [key for key, v in checked.items() if not math.isfinite(v)]
        if bad:
            values = {k: _as_float(v) for k, v in (outputs or {}).items()}
            self._stop(runner, bad[0], {**values, **checked}, data_batch)

    def _stop(
        self,
        runner: Runner,
        name: str,
        values: Mapping[str, float],
        data_batch: Any,
    ) -> None:
        """Write a record of the iteration, and end the run."""
        path = Path(
            runner.work_dir,
            'non_finite',
            f'iter_{runner.iter + 1}_rank_{get_rank()}.json',
        )
        samples = [
            _describe_sample(sample)
            for sample in (data_batch or {}).get('data_samples', ())
        ]
        record = {
            'epoch': runner.epoch + 1,
            'iteration': runner.iter + 1,
            'rank': get_rank(),
            # JSON has no NaN, and no infinity.
            'values': {
                key: value if math.isfinite(value) else str(value)
                for key, value in values.items()
            },
            'learning_rates': runner.optim_wrapper.get_lr(),
            'samples': samples,
        }
        with atomic_write(path) as file:
            file.write(json.dumps(record, indent=1, default=str).encode())
        names = [Path(str(s.get('img_path', '?'))).name for s in samples]
        raise FloatingPointError(
            f'{name} is {values[name]} at iteration '
            f'{runner.iter + 1} (epoch {runner.epoch + 1}), on '
            f'{", ".join(names) or "an unknown batch"}: see {path}; the '
            'last checkpoint has the weights from before'
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the weights that are about to be written.

        Raises:
            FloatingPointError: a weight is NaN or infinite, or a buffer NaN.
        """
        weights = checkpoint['state_dict']
        parameters = {n for n, _ in unwrap(runner.model).named_parameters()}
        for name, tensor in weights.items():
            # Buffers may hold infinity on purpose, as masks do.
            broken = tensor.isnan()
            if name in parameters:
                broken |= tensor.isinf()
            if broken.any():
                raise FloatingPointError(
                    f'{name} is not finite after iteration {runner.iter + 1}: '
                    'no checkpoint is written, the last one stays'
                )


def _gradient_norm(runner: Runner) -> float | None:
    """Return the norm of the gradients; None if unknown or irrelevant."""
    optim_wrapper = runner.optim_wrapper
    if isinstance(optim_wrapper, AmpOptimWrapper):
        return None
    name = f'train/{getattr(optim_wrapper, "grad_name", "grad_norm")}'
    history = runner.message_hub.log_scalars.get(name)
    return None if history is None else float(history.current())


def _describe_sample(sample: Any) -> dict[str, Any]:
    """Describe which pixels a training sample shows."""
    metainfo: Mapping[str, Any] = getattr(sample, 'metainfo', {})
    return {
        key: np.asarray(value).tolist()
        for key, value in metainfo.items()
        if key in _META_KEYS
    }


def _as_float(value: Any) -> float:
    return float(value.item() if hasattr(value, 'item') else value)
