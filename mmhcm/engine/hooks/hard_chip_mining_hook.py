"""Hook that mines hard chips before some epochs of a training run."""

from collections.abc import Sequence
from typing import Any

from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from mmhcm.datasets import ChipDataset, ChipSampler, find_chip_dataset
from mmhcm.engine.checkpoints import (
    check_initial_weights,
    keep_initial_weights,
    restore_initial_weights,
)
from mmhcm.engine.checks import (
    check_chips,
    check_missing,
    check_moments,
    check_sampler,
    check_schedule,
    counts_iterations,
    named_config,
    rehearse,
)
from mmhcm.engine.mining import (
    MiningIterator,
    MiningLoop,
    MiningSettings,
    MiningSources,
    hook_key,
    installed_test_loop,
    merge_rounds,
    read_rounds,
    round_path,
)
from mmhcm.structures.rounds import HardChipRound

_STATE_KEY = 'hard_chip_mining'
#: Draws of a hard chip per draw of a normal chip, above which to warn.
_MAX_REPEATS = 3


@HOOKS.register_module()
class HardChipMiningHook(Hook):
    """Hook that mines hard chips before some epochs and trains on them.

    Before the epochs in ``epochs`` (counted from 0, so ``[12]`` mines after
    12 epochs of training, when their checkpoint exists) the detector runs on
    canvases of training images and external images, with pasted objects. In
    loops without epochs, mining runs before the iterations in ``iters``, and
    a new pass over the chips begins. The round is written to
    ``<work_dir>/hcm/round_<n>/hard_chips.jsonl``; its number, fingerprint and
    first epoch are stored in the checkpoint. Resuming reads the round again,
    and reuses a round that was finished but not yet stored in a checkpoint.
    If a run resumes after a round was due, the round is mined at once.

    Runs at priority ABOVE_NORMAL, before the hook that passes the epoch to
    the sampler. Averaged weights are used at any priority, because the mining
    loop itself calls the hooks around a test.

    Args:
        epochs (Sequence[int]): Epochs before which to mine, ascending; one
            round per epoch. Defaults to none.
        iters (Sequence[int]): Iterations before which to mine, for
            ``IterBasedTrainLoop``. Defaults to none.
        accumulate (bool): Train on the hard chips of all rounds instead of
            only the last round. Defaults to False.
        restart (bool): Restart from the initial weights after mining, with a
            new optimizer state. Defaults to False: training continues from
            the current weights.
        settings: Settings of a round, see ``MiningSettings``.

    Attributes:
        rounds: Entries of the rounds that training uses, as stored in the
            checkpoint; see ``mmhcm.engine.mining.rounds``.

    Raises:
        ValueError: epochs or iterations that are not ascending, or negative,
            or an unknown setting.
    """

    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        epochs: Sequence[int] = (),
        iters: Sequence[int] = (),
        accumulate: bool = False,
        restart: bool = False,
        **settings: Any,
    ) -> None:
        self.epochs = check_moments(epochs, 'epochs')
        self.iters = check_moments(iters, 'iters')
        self.accumulate = accumulate
        self.restart = restart
        try:
            self.settings = MiningSettings(**settings)
        except TypeError as error:
            raise ValueError(f'HardChipMiningHook: {error}') from error
        self.rounds: list[dict[str, Any]] = []
        self._iterator: MiningIterator | None = None

    @property
    def moments(self) -> list[int]:
        """Epochs, or iterations, before which to mine."""
        return self.epochs or self.iters

    def before_run(self, runner: Runner) -> None:
        """Check that the loop reaches the epochs or iterations of mining.

        Raises:
            ValueError: an epoch or iteration of mining is not reached, or
                hard chips would not be drawn.
        """
        if not isinstance(runner._train_loop, BaseLoop):
            return
        with named_config(runner):
            loop, key = runner.train_loop, self._key(runner)
            check_schedule(loop, self.epochs, self.iters, key)
            if self.moments:
                check_chips(loop.dataloader, self.epochs, key)
                check_sampler(loop.dataloader)

    def before_train(self, runner: Runner) -> None:
        """Keep the initial weights; after a resume, load the rounds.

        If rounds are still to be mined, build their parts, so that invalid
        settings raise an error before training.
        """
        chips = find_chip_dataset(runner.train_dataloader.dataset)
        settings = self.settings
        self.sources = MiningSources(
            chips.dataset, settings.external, settings.pool, runner.work_dir
        )
        missing = self.moments[self._num_rounds :]
        if missing:
            key = self._key(runner)
            with named_config(runner):
                check_missing(
                    runner.train_loop, missing, self._num_rounds + 1, key
                )
                if self.restart and runner.iter:
                    check_initial_weights(runner, f'{key}.restart')
                rehearse(runner, settings, self.sources, chips, key)
        if self.restart and runner.iter == 0 and is_main_process():
            keep_initial_weights(runner)
        rounds = read_rounds(runner.work_dir, self.rounds)
        # One after the other, as in the run that mined the rounds.
        for count in range(1, len(rounds) + 1):
            self._hand_over(runner, rounds[:count])
        if self.iters:
            self._iterator = self._take_over(runner)

    def before_train_epoch(self, runner: Runner) -> None:
        """Mine if a round is due before this epoch."""
        if self.epochs:
            self._mine_if_due(runner, runner.epoch, runner.epoch)

    def after_train(self, runner: Runner) -> None:
        """Warn if a round was not mined before the end of the run."""
        if self._num_rounds < len(self.moments):
            runner.logger.warning(
                f'training ended before {self.moments[self._num_rounds]}, and '
                f'round {self._num_rounds + 1} was not mined'
            )

    @property
    def _num_rounds(self) -> int:
        """Number of the last round."""
        return max((entry['round'] for entry in self.rounds), default=0)

    def _key(self, runner: Runner) -> str:
        return hook_key(runner.cfg, type(self).__name__)

    def _take_over(self, runner: Runner) -> MiningIterator:
        """Replace the loop's iterator by an iterator that mines."""
        loop: Any = runner.train_loop
        restart_workers(loop.dataloader)
        loop.dataloader_iterator = MiningIterator(
            loop.dataloader,
            starts=[0, *(entry['iter'] for entry in self.rounds)],
            num_done=loop.iter,
            before_batch=lambda iteration: self._mine_at(runner, iteration),
        )
        return loop.dataloader_iterator

    def _mine_at(self, runner: Runner, iteration: int) -> None:
        assert self._iterator is not None, 'it calls this'
        epoch = self._iterator.epoch_at(iteration)
        if self._mine_if_due(runner, iteration, epoch):
            self._iterator.restart(iteration)

    def _mine_if_due(self, runner: Runner, now: int, epoch: int) -> bool:
        """Mine if a round is due, or overdue after a resume.

        Args:
            runner: The runner.
            now: Next epoch or iteration.
            epoch: First epoch, or pass over the chips, that uses the round.

        Returns:
            True if there is a new round.
        """
        number = sum(moment <= now for moment in self.moments)
        if number <= self._num_rounds:
            return False
        if now != self.moments[number - 1]:
            runner.logger.warning(
                f'round {number} was due at {self.moments[number - 1]}: this '
                f'run resumed past it, and mines now, at {now}'
            )
        self._mine(runner, number, epoch)
        return True

    def _mine(self, runner: Runner, number: int, epoch: int) -> None:
        chips = find_chip_dataset(runner.train_dataloader.dataset)
        loop = self._make_loop(runner, chips, number)
        with installed_test_loop(runner, loop):
            metrics = loop.run()
        entry = {
            'round': number,
            'fingerprint': loop.fingerprint,
            'epoch': epoch,
            'iter': runner.iter,
            **self.sources.origin(),
        }
        self.rounds = [*self.rounds, entry]
        rounds = read_rounds(runner.work_dir, self.rounds)
        _log(runner, loop, rounds[-1], metrics)
        self._hand_over(runner, rounds)
        _warn_of_repeats(runner)
        if self.restart:
            restore_initial_weights(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Store the entries of the rounds that training uses."""
        checkpoint[_STATE_KEY] = {'rounds': [dict(r) for r in self.rounds]}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Restore the rounds of the checkpoint when resuming."""
        if runner._resume:
            state = checkpoint.get(_STATE_KEY, {})
            self.rounds = list(state.get('rounds', []))

    def _make_loop(
        self, runner: Runner, chips: ChipDataset, number: int
    ) -> MiningLoop:
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
        """Pass the chips of the first rounds to the training data set."""
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
    """Let the next pass start new workers, with the current data set.

    Persistent workers keep the copy of the data set from their start.
    """
    dataloader._iterator = None


def _log(
    runner: Runner, loop: MiningLoop, hard_round: HardChipRound, metrics: dict
) -> None:
    chips = find_chip_dataset(runner.train_dataloader.dataset)
    how = 'reused' if loop.reused else 'mined'
    when = (
        f'iteration {runner.iter + 1}'
        if counts_iterations(runner.train_loop)
        else f'epoch {runner.epoch + 1}'
    )
    num_canvases = hard_round.counts.get('canvases', 0)
    runner.logger.info(
        f'{how} round {hard_round.number} before {when}: '
        f'{hard_round.num_chips} hard chips on {len(hard_round.canvases)} of '
        f'{num_canvases} canvases, next to {chips.num_normal} normal chips'
    )
    scalars = {f'hcm/{key.split("/")[-1]}': v for key, v in metrics.items()}
    if scalars:
        runner.visualizer.add_scalars(scalars, step=runner.iter)
    if not hard_round.num_chips:
        runner.logger.warning('the round has no hard chips')


def _warn_of_repeats(runner: Runner) -> None:
    """Warn if few hard chips take a large share of the samples."""
    sampler = getattr(runner.train_dataloader.batch_sampler, 'sampler', None)
    if not isinstance(sampler, ChipSampler):
        return
    normal, hard = sampler.draws_per_chip
    if hard > _MAX_REPEATS * normal > 0:
        chips = sampler.dataset
        even = chips.num_hard / (chips.num_hard + chips.num_normal)
        runner.logger.warning(
            f'train_dataloader.sampler.hard_ratio={sampler.hard_ratio}: each '
            f'of {chips.num_hard} hard chips is drawn {hard:.1f} times an '
            f'epoch, a normal chip {normal:.1f} times: mine on more canvases, '
            f'or set it to {even:.2f} to draw all chips equally often'
        )
