"""Random streams that depend on keys, not on workers or ranks."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class SampleKey:
    """Key of a sample: its index and its position in training.

    ``position`` counts over all ranks, so that the draws of a sample do not
    depend on the number of processes. ``seed`` is the run's seed.
    """

    index: int
    epoch: int
    position: int
    seed: int = 0


def sample_rng(*key: int) -> np.random.Generator:
    """Return the generator of a key of non-negative integers."""
    return np.random.default_rng(np.random.SeedSequence(key))


@contextmanager
def seeded_globals(*key: int) -> Iterator[None]:
    """Seed the global generators by a key; restore their states at the end.

    MMDetection's transforms draw from ``random`` and ``numpy.random``, other
    transforms from torch on the CPU; all draws then depend only on the key.
    """
    words = np.random.SeedSequence(key).generate_state(3)
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    torch_state = torch.default_generator.get_state()
    random.seed(int(words[0]))
    np.random.seed(int(words[1]))  # noqa: NPY002
    # torch.manual_seed would also initialise the GPUs.
    torch.default_generator.manual_seed(int(words[2]))
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        torch.default_generator.set_state(torch_state)
