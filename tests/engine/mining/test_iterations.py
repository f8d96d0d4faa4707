import pytest
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler

from mmhcm.engine.mining import MiningIterator


class Numbers(Dataset):
    def __len__(self):
        return 5

    def __getitem__(self, key):
        return key


class Keys(Sampler):
    """Yield (epoch, position), as ChipSampler does."""

    epoch = num_done = 0

    def __init__(self):
        pass

    def start_at(self, epoch, num_done):
        self.epoch, self.num_done = epoch, num_done

    def __iter__(self):
        done, self.num_done = self.num_done, 0
        return ((self.epoch, ind) for ind in range(done, 5))

    def __len__(self):
        return 5


def loader(**kwargs):
    kwargs = {'sampler': Keys(), 'batch_size': 2, **kwargs}
    return DataLoader(Numbers(), collate_fn=list, **kwargs)


def run(mined_at, stop, resume_at=0):
    """Take batches to an iteration, with rounds before some of them."""
    seen = []
    done = [it for it in mined_at if it < resume_at]

    def before_batch(iteration):
        if iteration in mined_at and iteration not in done:
            done.append(iteration)
            iterator.restart(iteration)

    iterator = MiningIterator(
        loader(), [0, *done], num_done=resume_at, before_batch=before_batch
    )
    for iteration in range(stop):
        batch = next(iterator)
        if iteration >= resume_at:
            seen.append(batch)
        else:
            assert batch is None
    return seen


@pytest.mark.parametrize(
    ('mined_at', 'rest'),
    [
        ([], [[(0, 4)], [(1, 0), (1, 1)]]),
        ([2], [[(1, 0), (1, 1)], [(1, 2), (1, 3)]]),
    ],
)
def test_each_pass_has_an_epoch_and_a_round_begins_one(mined_at, rest):
    first = [[(0, 0), (0, 1)], [(0, 2), (0, 3)]]
    assert run(mined_at, 4) == [*first, *rest]


@pytest.mark.parametrize('mined_at', [[], [0], [2], [3], [1, 5], [4, 5]])
@pytest.mark.parametrize('resume_at', range(8))
def test_a_resumed_run_takes_the_same_batches(mined_at, resume_at):
    whole = run(mined_at, stop=9)
    assert run(mined_at, stop=9, resume_at=resume_at) == whole[resume_at:]


def test_other_samplers_are_refused():
    batches = BatchSampler(range(5), 2, drop_last=False)
    for loaded in (
        loader(sampler=None),
        DataLoader(Numbers(), batch_sampler=batches),
    ):
        with pytest.raises(ValueError, match='no batch_sampler'):
            MiningIterator(loaded, [0], 0, before_batch=lambda _: None)
