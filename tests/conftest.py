import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples each time, so that a change is judged by itself;
# HYPOTHESIS_PROFILE=explore looks for new ones, ten times as many.
settings.register_profile('repeat', derandomize=True, deadline=None)
settings.register_profile('explore', max_examples=1000, deadline=None)
settings.load_profile(os.environ.get('HYPOTHESIS_PROFILE', 'repeat'))

TESTS = Path(__file__).parent
# Folders whose tests build things by MMDetection's registries; the others
# must run without torch.
OPENMMLAB = {
    'apis',
    'benchmarks',
    'cli',
    'configs',
    'datasets',
    'engine',
    'evaluation',
    'models',
    'ops',
    'projects',
    'reliability',
    'robustness',
    'visualization',
}


@pytest.fixture(autouse=True)
def _openmmlab(request: pytest.FixtureRequest) -> None:
    """Give those tests MMDetection's scope and a single thread."""
    if OPENMMLAB.isdisjoint(request.path.relative_to(TESTS).parts):
        return
    import torch
    from mmengine.logging import MMLogger
    from mmengine.registry import DefaultScope, init_default_scope

    torch.set_num_threads(1)
    # A logger of an earlier test writes to a stream that pytest has closed.
    MMLogger._instance_dict.clear()
    # Without a scope, LoadAnnotations is mmcv's, which yields plain arrays.
    # A Runner of an earlier test may have left its own.
    current = DefaultScope.get_current_instance()
    if current is None or current.scope_name != 'mmdet':
        init_default_scope('mmdet')


@pytest.fixture
def warnings(_openmmlab: None) -> list[str]:
    """Messages of warnings; MMEngine's logger does not propagate."""
    from mmengine.logging import MMLogger

    messages: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())
    MMLogger.get_current_instance().addHandler(handler)
    return messages


@pytest.fixture
def stops() -> Iterator[None]:
    """Let Ctrl-C raise, which shells keep from jobs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope='session')
def real_data() -> Path:
    """Folder with the real images, or skip."""
    root = os.environ.get('MMHCM_DATA')
    if not root:
        pytest.skip('MMHCM_DATA is not set')
    path = Path(root)
    if not path.is_dir():
        pytest.fail(f'MMHCM_DATA={root} is not a folder')
    return path


@pytest.fixture(scope='module')
def call():
    """Run a command in this process and give its exit status.

    Commands that take a config get ``options`` as ``--cfg-options``.
    """
    from tests.support.tiny_run import unique_names

    with pytest.MonkeyPatch.context() as patch:
        # Formatting the config's text would take longer than the run.
        patch.setattr(
            'mmengine.config.config.FormatCode',
            lambda text, **_: (text, True),
        )

        def run(tool, *args, options=None):
            argv = [*map(str, args)]
            if hasattr(tool, 'add_config_arguments'):
                options = {**unique_names(), **(options or {})}
                argv += ['--cfg-options']
                argv += [f'{key}={value}' for key, value in options.items()]
            return tool.main(argv)

        yield run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a GPU where there is none."""
    marked = [item for item in items if item.get_closest_marker('gpu')]
    if not marked:
        return
    import torch

    if torch.cuda.is_available():
        return
    for item in marked:
        item.add_marker(pytest.mark.skip(reason='no CUDA device'))
