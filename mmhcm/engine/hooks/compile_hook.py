"""Hook that compiles backbone and neck."""

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmhcm.engine.wrappers import unwrap


@HOOKS.register_module()
class CompileHook(Hook):
    """Hook that compiles backbone and neck with ``torch.compile``.

    MMEngine's own ``compile`` compiles the whole forward pass, including the
    heads, whose shapes differ between images and whose lists of instances
    break the graph. Backbone and neck are plain layers and most of the work.
    Both are compiled in place, so that names and checkpoints are unchanged.

    All chips have one size, and so have all slices: one compilation is enough
    for each. Whole images of many sizes need ``dynamic=True``; otherwise every
    size is compiled.

    Args:
        parts (Sequence[str]): Modules of the detector. Defaults to
            ('backbone', 'neck'); modules that a detector lacks are skipped.
        kwargs: Arguments of ``torch.compile``: ``backend``, ``mode``,
            ``dynamic`` and so on.

    Raises:
        ValueError: ``parts`` is empty.
    """

    # After hooks that change layers.
    priority = 'LOW'

    def __init__(
        self, parts: Sequence[str] = ('backbone', 'neck'), **kwargs: Any
    ) -> None:
        if not parts:
            raise ValueError('parts must name a module, got none')
        self.parts = tuple(parts)
        self.kwargs = kwargs

    def before_run(self, runner: Runner) -> None:
        """Compile the parts.

        Raises:
            ValueError: the detector has none of the parts, or compilation
                fails on this machine.
        """
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
        """Compile a tiny function; raise an error of one line on failure."""

        def double(value: torch.Tensor) -> torch.Tensor:
            return value + value

        try:
            torch.compile(double, **self.kwargs)(torch.ones(1))
        # Compilers fail in many ways: not installed, no headers, unknown mode.
        except Exception as error:
            reason = str(error).strip().splitlines()[0:1]
            raise ValueError(
                'CompileHook: torch.compile does not work here: '
                f'{type(error).__name__}: {"".join(reason)}'
            ) from error
