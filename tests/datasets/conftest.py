import gc

import pytest


@pytest.fixture(autouse=True, scope='session')
def _quick_data_sets():
    """Spare the objects of the imports from each data set's gc.collect."""
    import mmhcm.datasets  # noqa: F401

    gc.freeze()
    yield
    gc.unfreeze()
