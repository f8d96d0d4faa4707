import gc

import pytest


@pytest.fixture(scope='module')
def quick_data_sets():
    """Spare the objects of the imports from each data set's gc.collect."""
    gc.freeze()
    yield
    gc.unfreeze()
