"""Hook that writes checkpoints that survive a kill at any moment."""

from pathlib import Path
from typing import Any

from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook, SyncBuffersHook
from mmengine.runner import IterBasedTrainLoop, Runner

from mmhcm.structures.files import atomic_write, remove_leftovers

_STATE_KEY = 'atomic_checkpoint'

#: Name of the file backend in ``backend_args``.
ATOMIC = 'atomic_local'


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """CheckpointHook that completes a new file before removing the old file.

    MMEngine's hook removes the oldest or the previous best checkpoint before
    writing the next checkpoint, and writes in place: a run that dies in
    between may leave neither file. This hook has the same arguments and keeps
    the same files, with these differences:

    - A checkpoint and the file ``last_checkpoint`` are written completely or
      not at all. The checkpoint lists the files that the checkpoint replaces.
      The replaced files are removed after ``last_checkpoint`` is written, or
      on resume if the run died in between.
    - If the run dies after writing a checkpoint and before the end of the
      validation that follows, the validation runs on resume, so that the best
      checkpoint and the scores equal those of an uninterrupted run. A
      finished validation without a new best checkpoint is repeated, because
      no checkpoint records such a validation.
    - The best checkpoint of another folder, from which a run was resumed, is
      not removed.

    Files that are not local are written by their own backend. Runs at
    priority VERY_LOW, like the parent class, so that a checkpoint contains
    the results of other hooks.
    """

    backend_args: dict | None
    file_backend: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._validated_iter = -1
        # Names of files in the output folder.
        self._replaced: list[str] = []

    def before_train(self, runner: Runner) -> None:
        """Clean up after a killed run, and run its missing validation."""
        out_dir = str(self.out_dir or runner.work_dir)
        if self.backend_args is None and '://' not in out_dir:
            self.backend_args = {'backend': ATOMIC}
        super().before_train(runner)
        self.file_backend = _RemoveLater(
            self.file_backend, self.out_dir, self._replaced
        )
        self._remove_leftovers(runner)
        self._warn_of_lost_gradients(runner)
        if not runner._resume or runner.iter == 0:
            return
        last = runner.message_hub.runtime_info.get('last_ckpt', '')
        if last == self._path(Path(last).name):
            # The parent class rewrites the last checkpoint after a new best
            # checkpoint, but only if `last_ckpt` is set.
            self.last_ckpt = last
        else:
            # Files replaced by a checkpoint of another folder are in that
            # folder.
            self._replaced.clear()
        self._remove_replaced()
        if self._owes_validation(runner):
            self._validate(runner)

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float]
    ) -> None:
        """Save the best checkpoint."""
        self._validated_iter = runner.iter
        super().after_val_epoch(runner, metrics)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Store the last validated iteration and the replaced files."""
        checkpoint[_STATE_KEY] = {
            'validated_iter': self._validated_iter,
            'replaced': list(self._replaced),
        }

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Restore validated iteration and replaced files when resuming."""
        if runner._resume:
            state = checkpoint.get(_STATE_KEY, {})
            self._validated_iter = int(state.get('validated_iter', -1))
            self._replaced[:] = state.get('replaced', [])

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict
    ) -> None:
        """Write checkpoint and ``last_checkpoint``; remove replaced files."""
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                name = self.filename_tmpl.format(self.keep_ckpt_ids.popleft())
                self._replaced.append(name)
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info(
                'keep_ckpt_ids', list(self.keep_ckpt_ids)
            )
        filename = self.filename_tmpl.format(step)
        self.last_ckpt = self._path(filename)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            filename,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            with atomic_write(Path(runner.work_dir, 'last_checkpoint')) as f:
                f.write(str(self.last_ckpt).encode())
        self._remove_replaced()

    def _save_best_checkpoint(
        self, runner: Runner, metrics: dict[str, float]
    ) -> None:
        super()._save_best_checkpoint(runner, metrics)
        # Without any other checkpoint, the previous best checkpoint has not
        # been removed yet.
        self._remove_replaced()

    def _path(self, name: str) -> str:
        return str(self.file_backend.join_path(self.out_dir, name))

    def _remove_replaced(self) -> None:
        """Remove the replaced files that still exist."""
        if is_main_process():
            for name in self._replaced:
                self.file_backend.remove_now(name)
        self._replaced.clear()

    def _remove_leftovers(self, runner: Runner) -> None:
        """Remove unfinished files of a killed run."""
        if not is_main_process():
            return
        remove_leftovers(runner.work_dir)
        if '://' not in str(self.out_dir):
            remove_leftovers(self.out_dir)
        for folder in Path(runner.work_dir, 'hcm').glob('**/'):
            remove_leftovers(folder)

    def _warn_of_lost_gradients(self, runner: Runner) -> None:
        """Warn if checkpoints fall between two steps of the optimizer."""
        counts = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        period = self.interval
        if self.by_epoch:
            period *= len(runner.train_dataloader)
        if counts > 1 and period > 0 and period % counts:
            runner.logger.warning(
                f'checkpoints come every {period} iterations, which is no '
                f'multiple of accumulative_counts={counts}: a resumed run '
                'lacks the gradients gathered since the last step'
            )

    def _owes_validation(self, runner: Runner) -> bool:
        """Check whether a due validation of these weights is missing."""
        loop = runner.train_loop
        if runner.val_loop is None or self._validated_iter == runner.iter:
            return False
        done, last = loop.epoch, loop.max_epochs
        if isinstance(loop, IterBasedTrainLoop):
            done, last = loop.iter, loop.max_iters
        loop._decide_current_val_interval()
        return bool(
            done >= loop.val_begin
            and (done % loop.val_interval == 0 or done == last)
        )

    def _validate(self, runner: Runner) -> None:
        runner.logger.info(
            'running the validation that the checkpoint still lacks'
        )
        for hook in runner.hooks:
            if isinstance(hook, SyncBuffersHook):
                # Buffers come from the checkpoint, equal on all ranks.
                hook.called_in_train = True
        runner.val_loop.run()


class _RemoveLater:
    """File backend that records files to remove instead of removing them.

    Args:
        backend: MMEngine's file backend.
        folder: The checkpoints' folder; files in other folders are kept.
        names: List to which names of files are added.
    """

    def __init__(self, backend: Any, folder: str, names: list[str]) -> None:
        self._backend = backend
        self._folder = str(folder)
        self._names = names

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        """Record the name of a replaced file or folder."""
        name = Path(path).name
        if self._backend.join_path(self._folder, name) == path:
            self._names.append(name)

    # Some training strategies save folders.
    rmtree = remove

    def remove_now(self, name: str) -> None:
        """Remove a file or folder if it is there."""
        path = self._backend.join_path(self._folder, name)
        if self._backend.isfile(path):
            self._backend.remove(path)
        elif self._backend.isdir(path):
            self._backend.rmtree(path)


@register_backend(ATOMIC)
class AtomicLocalBackend(LocalBackend):
    """File backend that writes to a temporary name, syncs, then renames.

    MMEngine's own backend writes in place: if the process dies or the disk is
    full, an incomplete file replaces the last good file.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes."""
        with atomic_write(filepath) as file:
            file.write(obj)

    def put_text(
        self, obj: str, filepath: str | Path, encoding: str = 'utf-8'
    ) -> None:
        """Write text."""
        self.put(obj.encode(encoding), filepath)
