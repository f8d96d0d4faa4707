import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope='session')
def _quick_data_sets() -> Iterator[None]:
    """Spare the objects of the imports from each data set's gc.collect."""
    from mmengine.registry import init_default_scope

    import mmhcm.datasets  # noqa: F401

    # For the fixtures of modules; tests have it from their own fixture.
    init_default_scope('mmdet')
    gc.freeze()
    yield
    gc.unfreeze()
