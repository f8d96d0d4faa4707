import sys

import cv2
import pytest
from mmengine.config import Config

from docs.images import draw_strip as tool
from mmhcm.structures.results import write_submission
from mmhcm.structures.rounds import ErrorBox
from tests.support.mined_rounds import write_fake_round
from tests.support.tiny_visdrone import write_tiny_visdrone

ERROR = ErrorBox((10, 10, 30, 30), 'class', 4, 3, 0.7)
CHIP = {'windows': [(0, 0, 64, 64)], 'scale_inds': [0], 'errors': [ERROR]}


@pytest.mark.parametrize('finished', [False, True])
def test_only_panels_with_files_are_drawn(finished, tmp_path, monkeypatch):
    config = write_tiny_visdrone(tmp_path)
    out, arguments = tmp_path / 'strip.png', []
    if finished:
        write_fake_round(Config.fromfile(config), CHIP)
        texts = {
            path.stem: '10,10,20,20,0.9,4,-1,-1\n'
            for path in tmp_path.glob('*/images/*')
        }
        arguments = [tmp_path / 'a.zip', tmp_path / 'b.zip']
        for path in arguments:
            write_submission(path, texts)
        arguments.insert(0, '--results')
    command = ['draw_strip', config, '--out', out, *arguments]
    monkeypatch.setattr(sys, 'argv', list(map(str, command)))
    assert tool.main() == 0
    height, width = cv2.imread(str(out)).shape[:2]
    num_rows = 3 if finished else 1
    assert width >= 2 * 200
    assert num_rows * 188 <= height < (num_rows + 1) * 188
