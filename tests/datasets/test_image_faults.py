import pytest

from mmhcm.datasets.image_faults import describe_fault


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (ValueError('bad size'), 'a.png: bad size'),
        (OSError(2, 'gone', 'a.png'), "[Errno 2] gone: 'a.png'"),
        (AssertionError(), 'a.png: AssertionError'),
        (ValueError('two\n  lines '), 'a.png: two lines'),
    ],
)
def test_one_line_that_names_the_image(error, text):
    assert describe_fault('a.png', error) == text
