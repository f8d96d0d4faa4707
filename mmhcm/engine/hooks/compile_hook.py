"""Hook that compiles the layers that compile well."""

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmhcm.engine.wrappers import unwrap


@HOOKS.register_module()
class CompileHook(Hook):
    """Hook that compiles backbone and neck by ``torch.compile``.

    MMEngine's own ``compile`` takes the whole forward pass, heads included,
    whose shapes differ with every image and whose lists of instances break
    the graph. Backbone and neck are plain layers and most of the work. They
    are compiled in place, so that names and checkpoints stay as they are.

    Chips have one size, and so do slices: one compilation serves them. Whole
    images of many sizes need ``dynamic=True``, or compile again for each.

    Args:
        parts (Sequence[str]): Modules of the detector. Defaults to
            ('backbone', 'neck'); what a detector lacks is passed over.
        kwargs: Arguments of ``torch.compile``: ``backend``, ``mode``,
            ``dynamic`` and so on.

    Raises:
        ValueError: no part named.
    """

    # Behind hooks that change layers.
    priority = 'LOW'

    def __init__(
        self, parts: Sequence[str] = ('backbone', 'neck'), **kwargs: Any
    ) -> None:
        if not parts:
            raise ValueError('parts must name a module, got none')
        self.parts = tuple(parts)
        self.kwargs = kwargs

    def before_run(self, runner: Runner) -> None:
        """Compile, or raise ValueError when this machine cannot."""
        detector = unwrap(runner.model)
        parts = [
            part
            for part in (getattr(detector, name, None) for name in self.parts)
            if part is not None
        ]
        if not parts:
            raise ValueError(
                f'CompileHook: {type(detector).__name__} has none of '
                f'{", ".join(self.parts)}'
            )
        self._check()
        for part in parts:
            part.compile(**self.kwargs)

    def _check(self) -> None:
        """Compile a tiny function; raise its failure in one line."""

        def double(value: torch.Tensor) -> torch.Tensor:
            return value + value

        try:
            torch.compile(double, **self.kwargs)(torch.ones(1))
        # Compilers fail in many ways: none there, no headers, no such mode.
        except Exception as error:
            reason = str(error).strip().splitlines()[0:1]
            raise ValueError(
                'CompileHook: torch.compile does not work here: '
                f'{type(error).__name__}: {"".join(reason)}'
            ) from error
