"""When to mine hard chips, and what training does with them."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmdet.registry import DATASETS, HOOKS
from mmengine.dataset import BaseDataset
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmhcm.datasets import (
    CanvasDataset,
    ChipDataset,
    find_chip_dataset,
    scale_settings,
)
from mmhcm.engine.checkpoints import (
    keep_initial_weights,
    restore_initial_weights,
)
from mmhcm.engine.mining import (
    MiningLoop,
    check_images,
    check_pool,
    check_pool_settings,
    installed_test_loop,
    merge_rounds,
    mining_pipeline,
    open_or_build_pool,
    plain_settings,
    pool_folder,
    read_rounds,
    recipe_pipeline,
    round_path,
    sources_digest,
)
from mmhcm.functional.pixels import CAFFE_MEAN
from mmhcm.structures.files import fingerprint
from mmhcm.structures.pool import ObjectPool
from mmhcm.structures.rounds import HardChipRound

_STATE_KEY = 'hard_chip_mining'


@HOOKS.register_module()
class HardChipMiningHook(Hook):
    """Mine hard chips before some epochs and train on them from there.

    Before the epochs in ``epochs`` (counted from 0, so ``[12]`` mines after
    12 epochs of training, when their checkpoint exists) the detector runs on
    canvases of the own and of external images, with pasted objects. The
    round lies in ``<work_dir>/hcm/round_<n>/hard_chips.jsonl``, its number,
    fingerprint and first epoch in the checkpoint; resuming reads it back, and
    a round that was finished but not yet in a checkpoint is reused.

    Runs at priority ABOVE_NORMAL, ahead of the hook that hands the epoch to
    the sampler. Averaged weights are used at any priority, since the mining
    loop itself calls the hooks around a test.

    Args:
        epochs (Sequence[int]): Epochs before which to mine, ascending; one
            round each.
        canvases (dict, optional): Arguments of ``CanvasDataset`` but for
            ``sources``, ``pool`` and ``round_number``.
        metric (dict, optional): A chip metric; gets the data set's scales.
            Defaults to ``dict(type='HardChipMetric')``.
        test_scales (Sequence[dict], optional): Arguments of
            ``ResizeToScale``, a dict a scale. Defaults to None: the chip
            scales with their valid ranges, so that a detector that was
            trained with ranges is not blamed for sizes it was told to ignore.
        mask_color (Sequence[float]): Colour of masked pixels. Defaults to
            the Caffe mean (103.53, 116.28, 123.675), BGR.
        external (Sequence[dict]): Configs of external data sets.
        pool (dict, optional): Arguments of ``build_pool``, and ``cache_dir``,
            the folder of the pool (by default ``<work_dir>/hcm/pool``). None
            builds no pool and pastes nothing.
        dataloader (dict, optional): ``batch_size`` (1), ``num_workers`` (2)
            and further arguments of the loader of canvases.
        predict (str): 'detections', 'proposals' for ``NegativeChipMetric``,
            or 'nothing' for ``BackgroundChipMetric`` and ``ObjectChipMetric``,
            which ask for no network. Defaults to 'detections'.
        tta_model (dict, optional): Wrapper of the detector that merges test
            scales. Defaults to ``dict(type='MultiScaleTTA')``.
        accumulate (bool): Train on the hard chips of all rounds, not on
            those of the last alone. Defaults to False.
        restart (bool): Start afresh from the initial weights after mining,
            with a new optimizer state, instead of going on. Defaults to
            False.
        fp16 (bool): Mine in mixed precision. Defaults to False.
        report (bool | dict): Whether to write ``report.html`` beside each
            round; or ``ReportOptions``, how much it shows. Defaults to True.

    Raises:
        ValueError: epochs that are not ascending, or negative; report
            options that do not exist, or are out of range.
    """

    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        epochs: Sequence[int],
        canvases: Mapping[str, Any] | None = None,
        metric: Mapping[str, Any] | None = None,
        test_scales: Sequence[Mapping[str, Any]] | None = None,
        mask_color: Sequence[float] = CAFFE_MEAN,
        external: Sequence[dict] = (),
        pool: Mapping[str, Any] | None = None,
        dataloader: Mapping[str, Any] | None = None,
        predict: str = 'detections',
        tta_model: dict | None = None,
        accumulate: bool = False,
        restart: bool = False,
        fp16: bool = False,
        report: bool | Mapping[str, Any] = True,
    ) -> None:
        from mmhcm.apis.report import ReportOptions

        if list(epochs) != sorted(set(epochs)) or min(epochs, default=0) < 0:
            raise ValueError(
                f'epochs must be ascending and 0 or more, got {list(epochs)}'
            )
        self.epochs = list(epochs)
        self.canvases = dict(canvases or {})
        self.metric = {'type': 'HardChipMetric', **(metric or {})}
        self.test_scales = test_scales
        self.mask_color = tuple(mask_color)
        self.external_cfgs = list(external)
        self.pool_cfg = None if pool is None else dict(pool)
        self.dataloader_cfg = dict(dataloader or {})
        self.predict = predict
        self.tta_model = {'type': 'MultiScaleTTA', **(tta_model or {})}
        self.accumulate = accumulate
        self.restart = restart
        self.fp16 = fp16
        self.report = ReportOptions.of(report)
        self._rounds: list[dict[str, Any]] = []
        self._external: list[BaseDataset] | None = None
        self._pool: ObjectPool | None = None
        self._images = ''

    def before_train(self, runner: Runner) -> None:
        """Keep the initial weights; after a resume, load the rounds.

        A pool that would be empty is told now, not when it is needed.
        """
        pastes = self.canvases.get('num_pastes', 1)
        if self.pool_cfg is not None and self.epochs and pastes:
            images = find_chip_dataset(runner.train_dataloader.dataset).dataset
            check_pool_settings(self.pool_cfg, images)
        if self.restart and runner.epoch == 0 and is_main_process():
            keep_initial_weights(runner)
        if self._rounds:
            rounds = read_rounds(runner.work_dir, self._rounds)
            # As in the run that mined them, one after the other.
            for count in range(1, len(rounds) + 1):
                self._hand_over(runner, rounds[:count])
            self._write_reports(runner, rounds)

    def before_train_epoch(self, runner: Runner) -> None:
        """Mine if a round is due before this epoch."""
        if runner.epoch not in self.epochs:
            return
        number = self.epochs.index(runner.epoch) + 1
        if len(self._rounds) >= number:
            return
        hard_round = self._mine(runner, number)
        self._rounds = [
            *self._rounds,
            {
                'round': number,
                'fingerprint': hard_round.fingerprint,
                'epoch': runner.epoch,
                **self._origin(runner),
            },
        ]
        rounds = read_rounds(runner.work_dir, self._rounds)
        self._hand_over(runner, rounds)
        self._write_reports(runner, rounds)
        if self.restart:
            restore_initial_weights(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note which rounds training is using."""
        checkpoint[_STATE_KEY] = {'rounds': [dict(r) for r in self._rounds]}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Remember the rounds of the checkpoint; only resuming uses them."""
        if runner._resume:
            state = checkpoint.get(_STATE_KEY, {})
            self._rounds = list(state.get('rounds', []))

    def _mine(self, runner: Runner, number: int) -> HardChipRound:
        dataset = find_chip_dataset(runner.train_dataloader.dataset)
        if dataset.scales is None:
            raise ValueError(
                'hard chip mining needs a ChipDataset with scales, got none'
            )
        pool = self._get_pool(runner, dataset)
        canvases = CanvasDataset(
            sources=[dataset.dataset, *self._get_external()],
            pool=pool,
            round_number=number,
            **{
                'seed': runner.seed or 0,
                'pipeline': self._mining_pipeline(dataset),
                **self.canvases,
            },
        )
        loop = MiningLoop(
            runner=runner,
            dataloader={
                'batch_size': 1,
                'num_workers': 2,
                'persistent_workers': False,
                'sampler': {'type': 'DefaultSampler', 'shuffle': False},
                **self.dataloader_cfg,
                'dataset': canvases,
            },
            evaluator={**self.metric, 'scales': dataset.scales},
            path=round_path(runner.work_dir, number),
            round_number=number,
            inputs=self._inputs(runner, dataset, pool),
            origin=self._origin(runner),
            predict=self.predict,
            tta_model=self.tta_model,
            fp16=self.fp16,
        )
        with installed_test_loop(runner, loop):
            metrics = loop.run()
        assert loop.hard_round is not None, 'a mined loop has a round'
        self._log(runner, loop, metrics)
        return loop.hard_round

    def _log(self, runner: Runner, loop: MiningLoop, metrics: dict) -> None:
        hard_round = loop.hard_round
        assert hard_round is not None, 'a mined loop has a round'
        dataset = find_chip_dataset(runner.train_dataloader.dataset)
        how = 'reused' if loop.reused else 'mined'
        runner.logger.info(
            f'{how} round {hard_round.number} before epoch '
            f'{runner.epoch + 1}: {hard_round.num_chips} hard chips on '
            f'{len(hard_round.canvases)} of '
            f'{hard_round.counts.get("canvases", 0)} canvases, beside '
            f'{dataset.num_normal} normal chips'
        )
        scalars = {
            f'hcm/{key.split("/")[-1]}': v for key, v in metrics.items()
        }
        if scalars:
            runner.visualizer.add_scalars(scalars, step=runner.iter)
        if not hard_round.num_chips:
            runner.logger.warning('the round has no hard chips')

    def _hand_over(
        self, runner: Runner, rounds: Sequence[HardChipRound]
    ) -> None:
        """Give the chips of the first rounds to the training data set."""
        dataset = find_chip_dataset(runner.train_dataloader.dataset)
        # Before a pool of other images is built.
        check_images(self._rounds, self._images_digest(runner))
        pool = self._get_pool(runner, dataset)
        check_pool(self._rounds, pool)
        merged = merge_rounds(rounds, self.accumulate)
        dataset.set_hard_chips(
            merged,
            pool,
            self._get_external(),
            first_epoch=self._rounds[len(rounds) - 1]['epoch'],
        )
        restart_workers(runner.train_dataloader)

    def _write_reports(
        self, runner: Runner, rounds: Sequence[HardChipRound]
    ) -> None:
        """Write the pages of the rounds that have none."""
        from mmhcm.apis.report import report_rounds

        if self.report is not None and is_main_process():
            report_rounds(
                [round_path(runner.work_dir, r.number) for r in rounds],
                rounds,
                find_chip_dataset(runner.train_dataloader.dataset),
                runner.cfg,
                self.report,
                runner.logger,
            )

    def _origin(self, runner: Runner) -> dict[str, str]:
        """Fingerprints of pool and images, which a round has to fit."""
        return {
            'pool': '' if self._pool is None else self._pool.fingerprint,
            'images': self._images_digest(runner),
        }

    def _images_digest(self, runner: Runner) -> str:
        """Digest of the images as they were when it was first asked for.

        The data sets are listed once too; an image that goes missing later
        is left out by them, and ends no run.
        """
        if not self._images:
            chips = find_chip_dataset(runner.train_dataloader.dataset)
            self._images = sources_digest(
                [chips.dataset, *self._get_external()],
                pool_folder(self.pool_cfg or {}, runner.work_dir),
            )
        return self._images

    def _get_external(self) -> list[BaseDataset]:
        if self._external is None:
            self._external = [DATASETS.build(c) for c in self.external_cfgs]
        return self._external

    def _get_pool(
        self, runner: Runner, dataset: ChipDataset
    ) -> ObjectPool | None:
        """Open the object pool, built first by the main process if absent."""
        if self.pool_cfg is None:
            return None
        if self._pool is None:
            self._pool = open_or_build_pool(
                self.pool_cfg, runner.work_dir, dataset.dataset
            )
        return self._pool

    def _mining_pipeline(self, dataset: ChipDataset) -> list[dict]:
        if self.predict == 'nothing':
            return recipe_pipeline()
        scales = self.test_scales
        if scales is None:
            scales = [
                {
                    'chip_size': dataset.chip_size,
                    'window': scale.window,
                    'valid_range': scale.valid_range,
                }
                for scale in dataset.scales or ()
            ]
        return mining_pipeline(scales, self.mask_color)

    def _inputs(
        self, runner: Runner, dataset: ChipDataset, pool: ObjectPool | None
    ) -> str:
        """Fingerprint of everything but the weights that a round is from."""
        return fingerprint(
            plain_settings(self.canvases),
            plain_settings(self.metric),
            plain_settings(self._mining_pipeline(dataset)),
            plain_settings(self.external_cfgs),
            plain_settings(self.tta_model),
            self.predict,
            [scale_settings(scale) for scale in dataset.scales or ()],
            runner.seed or 0,
            '' if pool is None else pool.fingerprint,
            self.fp16,
            # Canvases of one batch are padded to one size.
            self.dataloader_cfg.get('batch_size', 1),
            self._images_digest(runner),
        )


def restart_workers(dataloader: DataLoader) -> None:
    """Make the next pass start new workers, which see the data set as it is.

    Persistent workers keep a copy of the data set from their start.
    """
    dataloader._iterator = None
