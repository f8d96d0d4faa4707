"""Check of the sampler of chips."""

from typing import Any

from torch.utils.data import DataLoader

from mmhcm.datasets import SampleKey


def check_sampler(dataloader: DataLoader) -> None:
    """Make sure that the draws of chips change with the epoch.

    ``ChipDataset`` seeds random draws with the key of a sample. With a sampler
    of plain indices, the flips would be the same in all epochs, and no hard
    chips would be drawn, because the sampler keeps its initial length.

    Args:
        dataloader: Training dataloader; its data set holds chips.

    Raises:
        ValueError: the sampler yields plain indices.
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
