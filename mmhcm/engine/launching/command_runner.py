"""Runner of a command line, with short console output."""

import logging
from typing import Any

from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner

#: Beginnings of messages that are long or only for developers.
_FILE_ONLY = (
    'System environment:',
    'Config:',
    'Hooks will be executed in the following order:',
    'Distributed training is not used, all SyncBatchNorm',
    'LR is set based on batch size of',
    'Exp name:',
    '"FileClient" will be deprecated in future.',
    '"HardDiskBackend" is the alias of',
)


class CommandRunner(Runner):
    """Runner that limits console output to the messages for users.

    The config, the environment and the order of hooks, some 600 lines, are
    written only to the log file. One line reports the learning rate that
    results from ``auto_scale_lr``.
    """

    def build_logger(
        self,
        log_level: int | str = 'INFO',
        log_file: str | None = None,
        **kwargs: Any,
    ) -> MMLogger:
        """Build MMEngine's logger, and filter its console output."""
        logger = super().build_logger(log_level, log_file, **kwargs)
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                logger.info(f'log and config: {handler.baseFilename}')
            elif not any(isinstance(f, _Console) for f in handler.filters):
                handler.addFilter(_Console())
        return logger

    def scale_lr(
        self,
        optim_wrapper: OptimWrapper,
        auto_scale_lr: dict | None = None,
    ) -> None:
        """Scale the rates to the batch size, and log the result in one line.

        Unlike in MMEngine, all batches whose gradients are accumulated before
        a step of the optimizer count as one batch.
        """
        settings = dict(auto_scale_lr or {})
        base = settings.get('base_batch_size')
        rates = _rates(optim_wrapper)
        counts = getattr(optim_wrapper, '_accumulative_counts', 1)
        if base is not None:
            settings['base_batch_size'] = base / counts
        super().scale_lr(optim_wrapper, settings)
        if base is None or not rates:
            return
        batch = self.world_size * _batch_size(self._train_dataloader) * counts
        scaled = _rates(optim_wrapper)
        self.logger.info(
            f'learning rate {_text(scaled)}: {_text(rates)} is for batches '
            f'of {base}, scaled to {batch}; --no-auto-scale-lr keeps it'
            if settings.get('enable')
            else f'learning rate {_text(rates)}, which is for batches of '
            f'{base}, used for {batch}; --auto-scale-lr scales it'
        )


class _Console(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage().lstrip('\n-')
        return not text.startswith(_FILE_ONLY)


def _rates(optim_wrapper: OptimWrapper) -> list[float]:
    """List the different learning rates, the largest first."""
    wrappers = (
        optim_wrapper.values()
        if isinstance(optim_wrapper, OptimWrapperDict)
        else [optim_wrapper]
    )
    rates = {
        group['lr']
        for wrapper in wrappers
        for group in wrapper.optimizer.param_groups
    }
    return sorted(rates, reverse=True)


def _text(rates: list[float]) -> str:
    more = [] if len(rates) == 1 else [f'down to {rates[-1]:.4g}']
    return ' '.join([f'{rates[0]:.4g}', *more])


def _batch_size(dataloader: Any) -> int:
    if isinstance(dataloader, dict):
        return int(dataloader['batch_size'])
    return int(dataloader.batch_size)
