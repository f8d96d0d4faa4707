import cv2
import numpy as np
import pytest

from mmhcm.functional.jpeg import is_cut_short

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
KINDS = {
    'baseline': [],
    'progressive': [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
    'restarts': [cv2.IMWRITE_JPEG_RST_INTERVAL, 1],
}


@pytest.mark.parametrize('kind', KINDS)
def test_every_cut_is_seen(kind):
    content = cv2.imencode('.jpg', IMAGE, KINDS[kind])[1].tobytes()
    assert not is_cut_short(content)
    # what follows the end is nobody's business
    assert not is_cut_short(content + b'\0\xff\xd8 appendix')
    for length in range(2, len(content)):
        assert is_cut_short(content[:length]), length


def test_a_thumbnail_ends_before_its_image():
    content = cv2.imencode('.jpg', IMAGE)[1].tobytes()
    segment = b'\xff\xe1' + (len(content) + 2).to_bytes(2, 'big') + content
    whole = content[:2] + segment + content[2:]
    assert not is_cut_short(whole)
    assert is_cut_short(whole[:-100])


@pytest.mark.parametrize(
    'content',
    [b'', b'\xff', b'\x89PNG\r\n\x1a\n', b'\xff\xd8 no segment'],
    ids=['empty', 'one', 'png', 'strange'],
)
def test_other_files_are_left_to_the_decoder(content):
    assert not is_cut_short(content)
