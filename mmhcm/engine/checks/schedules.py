"""Comparison of the schedules of a config and of a resumed checkpoint."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.optim import _ParamScheduler

#: Progress of a scheduler; everything else in its state is a setting.
_PROGRESS = ('last_step', '_global_step', '_last_value', 'verbose')


def describe_schedule(
    schedulers: Sequence[_ParamScheduler], saved: Sequence[Mapping[str, Any]]
) -> str:
    """Describe in one line how a saved schedule differs; '' if it does not.

    MMEngine continues with the schedule of the checkpoint: other milestones,
    another rate or, without an ``end`` in the config, another number of
    epochs would be ignored.

    Args:
        schedulers: Schedulers of the config.
        saved: States of the schedulers of the checkpoint.
    """
    if len(schedulers) != len(saved):
        return f'{len(saved)} schedulers, not {len(schedulers)}'
    return '; '.join(
        f'param_scheduler[{number}].{key} is {_text(state.get(key))}, not '
        f'{_text(value)}'
        for number, (scheduler, state) in enumerate(
            zip(schedulers, saved, strict=True)
        )
        for key, value in scheduler.state_dict().items()
        if key not in _PROGRESS and state.get(key) != value
    )


def _text(value: Any) -> str:
    # Milestones are a ``Counter``, such as {17: 1}.
    return str([*value] if isinstance(value, Mapping) else value)
