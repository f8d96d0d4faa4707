import gc
import logging
import os
import signal
from collections.abc import Iterator
from functools import cache
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
    'cli',
    'configs',
    'datasets',
    'docs',
    'engine',
    'evaluation',
    'models',
    'ops',
    'projects',
    'reliability',
    'robustness',
    'visualization',
}


def _use_openmmlab() -> None:
    """Give tests MMDetection's scope and a single thread."""
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


def _needs_openmmlab(request: pytest.FixtureRequest) -> bool:
    parts = request.path.relative_to(TESTS).parts
    return not OPENMMLAB.isdisjoint(parts)


@pytest.fixture(autouse=True, scope='module')
def _quick_openmmlab(request: pytest.FixtureRequest) -> Iterator[None]:
    """Do without what takes long and no test looks at."""
    if not _needs_openmmlab(request):
        yield
        return
    from mmengine.config import config, utils

    # Fixtures of the module come before those of its tests.
    _use_openmmlab()
    # Formatting the text of a config would take longer than the run.
    config.FormatCode = lambda text, **_: (text, True)
    # Each config that inherits one of MMDetection's reads all metafiles.
    if not hasattr(utils.load, 'cache_info'):
        utils.load = cache(utils.load)
    # Data sets collect garbage when they are built: spare what is there.
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _openmmlab(request: pytest.FixtureRequest) -> None:
    if _needs_openmmlab(request):
        _use_openmmlab()


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


@pytest.fixture(scope='session')
def call():
    """Run a command in this process and give its exit status.

    Commands that take a config get ``options`` as ``--cfg-options``.
    """
    from tests.support.tiny_run import unique_names

    def run(tool, *args, options=None):
        argv = [*map(str, args)]
        if hasattr(tool, 'add_config_arguments'):
            options = {**unique_names(), **(options or {})}
            argv += ['--cfg-options']
            argv += [f'{key}={value}' for key, value in options.items()]
        return tool.main(argv)

    return run


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
