"""Hook that mines hard chips before some epochs of a training run."""

from collections.abc import Sequence
from typing import Any

from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmhcm.datasets import ChipDataset, find_chip_dataset
from mmhcm.engine.checkpoints import (
    keep_initial_weights,
    restore_initial_weights,
)
from mmhcm.engine.mining import (
    MiningLoop,
    MiningSettings,
    MiningSources,
    check_pool_settings,
    installed_test_loop,
    merge_rounds,
    read_rounds,
    round_path,
)
from mmhcm.structures.rounds import HardChipRound

_STATE_KEY = 'hard_chip_mining'


@HOOKS.register_module()
class HardChipMiningHook(Hook):
    """Hook that mines hard chips before some epochs and trains on them.

    Before the epochs in ``epochs`` (counted from 0, so ``[12]`` mines after
    12 epochs of training, when their checkpoint exists) the detector runs on
    canvases of the own and of external images, with pasted objects. The
    round is in ``<work_dir>/hcm/round_<n>/hard_chips.jsonl``, its number,
    fingerprint and first epoch in the checkpoint; resuming reads it back, and
    a round that was finished but not yet in a checkpoint is reused.

    Runs at priority ABOVE_NORMAL, ahead of the hook that hands the epoch to
    the sampler. Averaged weights are used at any priority, since the mining
    loop itself calls the hooks around a test.

    Args:
        epochs (Sequence[int]): Epochs before which to mine, ascending; one
            round each.
        accumulate (bool): Train on the hard chips of all rounds, not on
            those of the last alone. Defaults to False.
        restart (bool): Start afresh from the initial weights after mining,
            with a new optimizer state, instead of going on. Defaults to
            False.
        settings: Those of a round, see ``MiningSettings``.

    Attributes:
        rounds: Entries of the rounds that training uses, as the checkpoint
            has them; see ``mmhcm.engine.mining.rounds``.

    Raises:
        ValueError: epochs that are not ascending, or negative.
    """

    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        epochs: Sequence[int],
        accumulate: bool = False,
        restart: bool = False,
        **settings: Any,
    ) -> None:
        if list(epochs) != sorted(set(epochs)) or min(epochs, default=0) < 0:
            raise ValueError(
                f'epochs must be ascending and 0 or more, got {list(epochs)}'
            )
        self.epochs = list(epochs)
        self.accumulate = accumulate
        self.restart = restart
        self.settings = MiningSettings(**settings)
        self.rounds: list[dict[str, Any]] = []

    def before_train(self, runner: Runner) -> None:
        """Keep the initial weights; after a resume, load the rounds.

        A pool that would be empty is an error now, not when it is needed.
        """
        chips = find_chip_dataset(runner.train_dataloader.dataset)
        settings = self.settings
        self.sources = MiningSources(
            chips.dataset, settings.external, settings.pool, runner.work_dir
        )
        pastes = self.epochs and settings.canvases.get('num_pastes', 1)
        if pastes and settings.pool is not None:
            check_pool_settings(settings.pool, chips.dataset)
        if self.restart and runner.epoch == 0 and is_main_process():
            keep_initial_weights(runner)
        rounds = read_rounds(runner.work_dir, self.rounds)
        # As in the run that mined them, one after the other.
        for count in range(1, len(rounds) + 1):
            self._hand_over(runner, rounds[:count])

    def before_train_epoch(self, runner: Runner) -> None:
        """Mine if a round is due before this epoch."""
        if runner.epoch not in self.epochs:
            return
        number = self.epochs.index(runner.epoch) + 1
        if len(self.rounds) >= number:
            return
        chips = find_chip_dataset(runner.train_dataloader.dataset)
        loop = self._make_loop(runner, chips, number)
        with installed_test_loop(runner, loop):
            metrics = loop.run()
        entry = {
            'round': number,
            'fingerprint': loop.fingerprint,
            'epoch': runner.epoch,
            **self.sources.origin(),
        }
        self.rounds = [*self.rounds, entry]
        rounds = read_rounds(runner.work_dir, self.rounds)
        _log(runner, loop, rounds[-1], metrics)
        self._hand_over(runner, rounds)
        if self.restart:
            restore_initial_weights(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note which rounds training is using."""
        checkpoint[_STATE_KEY] = {'rounds': [dict(r) for r in self.rounds]}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Remember the rounds of the checkpoint; only resuming uses them."""
        if runner._resume:
            state = checkpoint.get(_STATE_KEY, {})
            self.rounds = list(state.get('rounds', []))

    def _make_loop(
        self, runner: Runner, chips: ChipDataset, number: int
    ) -> MiningLoop:
        if chips.scales is None:
            raise ValueError(
                'hard chip mining needs a ChipDataset with scales, got none'
            )
        settings, seed = self.settings, runner.seed or 0
        canvases = settings.build_canvases(
            self.sources,
            round_number=number,
            seed=seed,
            pipeline=settings.pipeline(chips),
        )
        return MiningLoop(
            runner=runner,
            dataloader=settings.loader(canvases),
            evaluator={**settings.metric, 'scales': chips.scales},
            path=round_path(runner.work_dir, number),
            round_number=number,
            inputs=settings.inputs_digest(chips, self.sources, seed),
            origin=self.sources.origin(),
            predict=settings.predict,
            tta_model=settings.tta_model,
            fp16=settings.fp16,
        )

    def _hand_over(
        self, runner: Runner, rounds: Sequence[HardChipRound]
    ) -> None:
        """Give the chips of the first rounds to the training data set."""
        self.sources.check(self.rounds)
        chips = find_chip_dataset(runner.train_dataloader.dataset)
        chips.set_hard_chips(
            merge_rounds(rounds, self.accumulate),
            self.sources.pool,
            self.sources.external,
            first_epoch=self.rounds[len(rounds) - 1]['epoch'],
        )
        restart_workers(runner.train_dataloader)


def restart_workers(dataloader: DataLoader) -> None:
    """Make the next pass start new workers, which see the data set as it is.

    Persistent workers keep a copy of the data set from their start.
    """
    dataloader._iterator = None


def _log(
    runner: Runner, loop: MiningLoop, hard_round: HardChipRound, metrics: dict
) -> None:
    chips = find_chip_dataset(runner.train_dataloader.dataset)
    how = 'reused' if loop.reused else 'mined'
    runner.logger.info(
        f'{how} round {hard_round.number} before epoch '
        f'{runner.epoch + 1}: {hard_round.num_chips} hard chips on '
        f'{len(hard_round.canvases)} of '
        f'{hard_round.counts.get("canvases", 0)} canvases, next to '
        f'{chips.num_normal} normal chips'
    )
    scalars = {f'hcm/{key.split("/")[-1]}': v for key, v in metrics.items()}
    if scalars:
        runner.visualizer.add_scalars(scalars, step=runner.iter)
    if not hard_round.num_chips:
        runner.logger.warning('the round has no hard chips')
