"""Hook that compares loaded weights with the model."""

from collections.abc import Mapping
from typing import Any

import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmhcm.engine.wrappers import unwrap

_MAX_NAMES = 6


@HOOKS.register_module()
class WeightFitHook(Hook):
    """Hook that logs in one line which weights of ``load_from`` are unused.

    Heads with another number of classes differ in shape and keep their
    initial weights, as usual in fine-tuning. If no weight of a file fits the
    model, MMEngine raises no error; this hook does.

    Runs at priority VERY_HIGH, before the weights are copied to the model.
    """

    priority = 'VERY_HIGH'

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: Mapping[str, Any]
    ) -> None:
        """Compare the loaded weights with the model."""
        if runner._resume:
            return
        line = describe_fit(
            checkpoint.get('state_dict', checkpoint),
            unwrap(runner.model).state_dict(),
        )
        if line:
            runner.logger.warning(f'{runner._load_from}: {line}')


def describe_fit(
    weights: Mapping[str, Any], expected: Mapping[str, torch.Tensor]
) -> str:
    """Describe in one line how weights differ from a model's; '' if they fit.

    Args:
        weights: Weights of a file.
        expected: Weights of the model.

    Raises:
        ValueError: no weight fits.
    """
    weights = {name.removeprefix('module.'): w for name, w in weights.items()}
    common = [name for name in expected if name in weights]
    misfits = [
        f'{name} {_shape(weights[name])}, not {_shape(expected[name])}'
        for name in common
        if _shape(weights[name]) != _shape(expected[name])
    ]
    taken = len(common) - len(misfits)
    if not taken:
        raise ValueError(
            f'none of the {len(weights)} weights in the file fits the '
            f"{len(expected)} of the config's model"
        )
    absent = [name for name in expected if name not in weights]
    unknown = [name for name in weights if name not in expected]
    parts = [
        f'{len(names)} {what} ({_some(names, separator)})'
        for names, what, separator in (
            (misfits, 'of another shape left as initialised', '; '),
            (absent, 'not in the file left as initialised', ', '),
            (unknown, 'not of the model passed over', ', '),
        )
        if names
    ]
    if not parts:
        return ''
    return '; '.join([f'{taken} of {len(expected)} weights taken', *parts])


def _some(names: list[str], separator: str) -> str:
    more = ['...'] if len(names) > _MAX_NAMES else []
    return separator.join(names[:_MAX_NAMES] + more)


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(getattr(value, 'shape', ()))
