"""Loop that runs the detector on canvases and keeps its errors as a round."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import LOOPS, MODELS
from mmdet.structures import DetDataSample
from mmengine.dist import broadcast, is_main_process
from mmengine.runner import Runner, TestLoop
from mmengine.runner.amp import autocast
from torch import nn
from tqdm import tqdm

from mmhcm.datasets import on_main_process
from mmhcm.engine.wrappers import unwrap
from mmhcm.evaluation import ChipMetric
from mmhcm.models import ProposalModel
from mmhcm.structures.files import fingerprint
from mmhcm.structures.rounds import (
    HardChipError,
    HardChipRound,
    read_round,
    write_round,
)

PREDICTIONS = ('detections', 'proposals', 'nothing')


class NoPredictions(nn.Module):
    """Model that replaces the detector in a round without predictions."""

    def test_step(self, data: dict) -> list[DetDataSample]:
        """Return the samples of a batch unchanged."""
        return data['data_samples']


@LOOPS.register_module()
class MiningLoop(TestLoop):
    """Test loop over canvases that writes a file with a ``HardChipRound``.

    The dataloader's sampler distributes the canvases over the ranks. The main
    process writes the round, and each rank can read the file when ``run``
    returns. A round in ``path`` that was mined from the same weights and
    inputs is reused. The hooks around a test are called, so that averaged
    weights are used.

    Args:
        runner (Runner): The training runner.
        dataloader (dict | DataLoader): Canvases, unshuffled.
        evaluator (dict | Evaluator): Holds one ``ChipMetric``.
        path (str | Path): File of the round.
        round_number (int): Number of the round, from 1.
        inputs (str): Fingerprint of data and settings.
        origin (Mapping[str, str], optional): Entries of the round's origin in
            addition to epoch, seed and weights. Defaults to None.
        predict (str): 'detections', 'proposals', or 'nothing' for metrics
            that need no network; then the round does not depend on the
            weights. Defaults to 'detections'.
        tta_model (dict, optional): Wrapper that merges several test scales.
            Defaults to None: one scale.
        fp16 (bool): Mixed precision. Defaults to False.

    Attributes:
        fingerprint: Fingerprint of the round, from weights and inputs; set by
            ``run``.
        reused: True if the round already existed; set by ``run``.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: Any,
        evaluator: Any,
        path: str | Path,
        round_number: int = 1,
        inputs: str = '',
        origin: Mapping[str, str] | None = None,
        predict: str = 'detections',
        tta_model: Mapping[str, Any] | None = None,
        fp16: bool = False,
    ) -> None:
        super().__init__(runner, dataloader, evaluator, fp16=fp16)
        self.path = Path(path)
        self.round_number = round_number
        self.inputs = inputs
        self.origin = dict(origin or {})
        self.predict = predict
        self.model: Any = self._predictor(predict, tta_model)
        self.fingerprint = ''
        self.reused = False
        self.weights = ''

    def run(self) -> dict:
        """Mine or reuse the round; return the metrics, {} if reused."""
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        self.model.eval()
        if self.predict != 'nothing':
            share_weights(unwrap(self.runner.model))
            self.weights = weights_digest(unwrap(self.runner.model))
        self.fingerprint = fingerprint('round 1', self.weights, self.inputs)
        self.reused = on_main_process(self._is_finished)
        metrics = {} if self.reused else self._mine()
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: dict) -> None:
        """Run the detector and the metric on one batch of canvases."""
        self.runner.call_hook(
            'before_test_iter', batch_idx=idx, data_batch=data_batch
        )
        with autocast(enabled=self.fp16):
            outputs = self.model.test_step(data_batch)
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        self.runner.call_hook(
            'after_test_iter',
            batch_idx=idx,
            data_batch=data_batch,
            outputs=outputs,
        )

    def _mine(self) -> dict:
        progress = tqdm(
            self.dataloader,
            f'mining round {self.round_number}',
            disable=not is_main_process(),
            leave=False,
        )
        for idx, data_batch in enumerate(progress):
            self.run_iter(idx, data_batch)
        metrics = self.evaluator.evaluate(len(self.dataloader.dataset))
        on_main_process(self._write)
        return metrics

    def _write(self) -> None:
        """Write the round from the canvases and counts of the metric."""
        metric = chip_metric(self.evaluator)
        hard_round = HardChipRound(
            number=self.round_number,
            fingerprint=self.fingerprint,
            canvases=metric.canvases,
            counts=metric.counts,
            origin={
                'epoch': self.runner.epoch,
                'seed': self.runner.seed or 0,
                'weights': self.weights,
                **self.origin,
            },
        )
        write_round(self.path, hard_round)

    def _is_finished(self) -> bool:
        """Check whether the round of these weights and inputs exists."""
        if not self.path.exists():
            return False
        try:
            read_round(self.path, self.fingerprint)
        except HardChipError as error:
            self.runner.logger.info(f'mining again: {error}')
            return False
        return True

    def _predictor(
        self, predict: str, tta_model: Mapping[str, Any] | None
    ) -> nn.Module:
        if predict not in PREDICTIONS:
            raise ValueError(
                f'predict must be one of {PREDICTIONS}, got {predict!r}'
            )
        if predict == 'nothing':
            return NoPredictions()
        model = unwrap(self.runner.model)
        if predict == 'proposals':
            model = ProposalModel(model)
        if tta_model is None:
            return model
        return MODELS.build({**tta_model, 'module': model})


def weights_digest(model: nn.Module) -> str:
    """Return a hex digest of all parameters and buffers, in name order."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        array = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}'.encode())
        digest.update(array.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def share_weights(model: nn.Module) -> None:
    """Broadcast the main process' parameters and buffers to all ranks.

    After training, the statistics of batch normalisation differ between
    ranks, but a round must belong to one set of weights, the checkpoint's.
    """
    for _, tensor in sorted(model.state_dict().items()):
        broadcast(tensor)


def chip_metric(evaluator: Any) -> ChipMetric:
    """Return the evaluator's chip metric.

    Raises:
        ValueError: the evaluator has none.
    """
    for metric in evaluator.metrics:
        if isinstance(metric, ChipMetric):
            return metric
    raise ValueError(
        'mining needs a chip metric, such as HardChipMetric, got none'
    )


@contextmanager
def installed_test_loop(runner: Runner, loop: TestLoop) -> Iterator[None]:
    """Install ``loop`` as the runner's test loop; restore the state on exit.

    Hooks and the log processor read the runner's test loop. A test leaves
    ``test/*`` scalars and removes ``loop_stage``, which would affect the log
    of the training.
    """
    previous = runner._test_loop
    hub = runner.message_hub
    stage = (
        hub.get_info('loop_stage')
        if 'loop_stage' in hub.runtime_info
        else None
    )
    training = runner.model.training
    runner._test_loop = loop
    try:
        yield
    finally:
        runner._test_loop = previous
        runner.model.train(training)
        for name in [
            key for key in hub.log_scalars if key.startswith('test/')
        ]:
            hub.log_scalars.pop(name)
            # Otherwise checkpoints would list the removed scalars.
            hub._resumed_keys.pop(name, None)
        if stage is not None:
            hub.update_info('loop_stage', stage)
        elif 'loop_stage' in hub.runtime_info:
            hub.pop_info('loop_stage')
