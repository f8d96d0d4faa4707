"""Samplers of chips."""

from typing import Any

from torch.utils.data import DataLoader

from mmhcm.datasets import SampleKey


def check_sampler(dataloader: DataLoader) -> None:
    """Make sure that the draws of chips change with the epoch.

    ``ChipDataset`` draws from the key of a sample. A sampler of plain indices
    would have the same flips in all epochs, and no hard chips, since its
    length is that of the beginning.

    Args:
        dataloader: That of training; its data set holds chips.

    Raises:
        ValueError: the sampler gives plain indices.
    """
    batches: Any = dataloader.batch_sampler
    sampler = getattr(batches, 'sampler', None)
    if sampler is None:
        return
    if not isinstance(next(iter(sampler), None), SampleKey):
        raise ValueError(
            f'train_dataloader.sampler: {type(sampler).__name__} draws the '
            'same flips for a chip in all epochs, and no hard chips: use '
            "dict(type='ChipSampler')"
        )
