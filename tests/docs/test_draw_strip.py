import sys

import cv2
import pytest
from mmengine.config import Config

from docs.images import draw_strip as tool
from mmhcm.apis.data import rendering_canvases
from mmhcm.structures.results import write_submission
from mmhcm.structures.rounds import (
    ErrorBox,
    HardChipRound,
    MinedCanvas,
    write_round,
)
from tests.support.tiny_visdrone import write_tiny_visdrone


def mine(config):
    cfg = Config.fromfile(config)
    recipe = rendering_canvases(cfg).get_data_info(0)['canvas']
    error = ErrorBox((10, 10, 30, 30), 'class', 4, 3, 0.7)
    canvas = MinedCanvas(
        recipe.source,
        recipe.image,
        recipe.img_id,
        recipe.pastes,
        [(0, 0, 64, 64)],
        [0],
        [error],
    )
    path = f'{cfg.work_dir}/hcm/round_1/hard_chips.jsonl'
    write_round(path, HardChipRound(1, 'digest', [canvas]))


@pytest.mark.parametrize('finished', [False, True])
def test_only_panels_with_files_are_drawn(finished, tmp_path, monkeypatch):
    config = write_tiny_visdrone(tmp_path)
    out, arguments = tmp_path / 'strip.png', []
    if finished:
        mine(config)
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
