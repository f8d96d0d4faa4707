import pytest

from mmhcm.functional.pasting import looks, patch_choice, places, trials


@pytest.fixture(params=['compiled', 'plain'], scope='module')
def loops(request):
    """Run the loops of planning as they are, too."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == 'plain':
            for module in (looks, patch_choice, places, trials):
                patch.setattr(module, 'compiled', lambda loop, *_: loop)
        yield
