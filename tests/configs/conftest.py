import pytest

from tests.support.run_fixtures import mined, tiny_run

__all__ = ['mined', 'tiny_run']


@pytest.fixture(scope='session')
def tiny(tiny_run):
    """Folder of a tiny data set, in the layout that configs default to."""
    return tiny_run.parent
