"""Detectors as graphs: in torch, and in ONNX where it is installed."""

import json
import re
from importlib.util import find_spec

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config

from mmhcm.apis.onnx_export import export_onnx, exporting
from mmhcm.apis.onnx_export.detector import Detector, Network
from mmhcm.apis.onnx_export.exporting import _predicted
from mmhcm.cli import export_onnx as command
from tests.support.slim_baselines import CASCADE, CENTER, RETINA, slim_model
from tests.support.tiny_run import REPO, write_tiny_run

IMAGE_WH = (112, 80)
needs_onnx = pytest.mark.skipif(
    find_spec('onnx') is None or find_spec('onnxruntime') is None,
    reason='needs the extra onnx',
)


@pytest.fixture(scope='module')
def cfgs(tmp_path_factory):
    tiny = write_tiny_run(tmp_path_factory.mktemp('onnx'))
    found = {'faster': Config.fromfile(tiny, format_python_code=False)}
    for name in (CASCADE, RETINA, CENTER):
        path = REPO / 'configs' / 'baselines' / f'{name}_visdrone.py'
        found[name] = Config.fromfile(path, format_python_code=False)
        slim_model(found[name], name)
    return found


def build(cfg):
    """Build a model whose scores and boxes differ from place to place."""
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).eval()
    handles = [
        layer.register_forward_hook(_spread)
        for name, layer in model.named_modules()
        if name.endswith(('_cls', '_reg')) and hasattr(layer, 'weight')
    ]
    if handles:
        with torch.no_grad():
            Detector(model, IMAGE_WH)(picture())
    for handle in handles:
        handle.remove()
    return model


def _spread(layer, _, output):
    """Scale the weights of a layer so that its outputs spread by one."""
    # Layers that several levels share are scaled by the first.
    if not hasattr(layer, 'factor'):
        layer.factor = 1 / output.std()
        layer.weight.data *= layer.factor
        layer.bias.data.zero_()
        return output * layer.factor
    return output


def picture():
    generator = torch.Generator().manual_seed(1)
    small = torch.rand(1, 3, 10, 14, generator=generator) * 255
    return torch.nn.functional.interpolate(
        small, IMAGE_WH[::-1], mode='bilinear'
    )


@pytest.mark.parametrize('name', ['faster', CASCADE, RETINA])
def test_the_graph_detects_as_mmdetection(cfgs, name):
    model, image = build(cfgs[name]), picture()
    with torch.no_grad():
        found = Detector(model, IMAGE_WH)(image)
    expected = _predicted(model, image)
    assert len(expected[1]) > 30
    for value, other in zip(found, expected, strict=True):
        torch.testing.assert_close(value, other, rtol=1e-4, atol=1e-3)


@needs_onnx
@pytest.mark.parametrize('name', ['faster', CASCADE, RETINA])
def test_onnx_runtime_detects_as_pytorch(cfgs, name, tmp_path):
    checkpoint = tmp_path / 'a.pth'
    torch.save(build(cfgs[name]).state_dict(), checkpoint)
    path = tmp_path / 'a.onnx'
    result = export_onnx(cfgs[name], str(checkpoint), path, IMAGE_WH)
    assert result.outputs == ['bboxes', 'scores', 'labels']
    same, total = re.match(r'(\d+) of (\d+) det', result.comparison).groups()
    assert same == total
    assert int(total) > 30
    assert path.stat().st_size > 10_000


@needs_onnx
def test_deformable_layers_are_refused(cfgs, tmp_path):
    checkpoint = tmp_path / 'a.pth'
    model = build(cfgs[CENTER])
    torch.save(model.state_dict(), checkpoint)
    path = tmp_path / 'a.onnx'
    with pytest.raises(ValueError, match='layers, which ONNX Runtime'):
        export_onnx(cfgs[CENTER], str(checkpoint), path, IMAGE_WH)


def test_the_network_gives_the_heads_outputs(cfgs):
    model = build(cfgs[RETINA])
    outputs = Network(model, IMAGE_WH)(picture())
    assert len(outputs) == 10
    assert [len(output[0]) for output in outputs[:5]] == [90] * 5


@needs_onnx
def test_the_command(cfgs, tmp_path, capsys, call):
    checkpoint = tmp_path / 'a.pth'
    torch.save(build(cfgs['faster']).state_dict(), checkpoint)
    out = '--out', tmp_path / 'a.onnx', '--size', *IMAGE_WH
    config = cfgs['faster'].filename
    assert call(command, config, checkpoint, *out) == 0
    printed = capsys.readouterr().out
    assert 'bboxes, scores, labels; ' in printed
    assert "detections as PyTorch's, boxes within" in printed
    assert call(command, config, checkpoint, *out, '--network') == 0
    assert 'output_0, output_1' in capsys.readouterr().out
    assert json.dumps(sorted(path.name for path in tmp_path.iterdir())) == (
        '["a.onnx", "a.pth"]'
    )


@needs_onnx
def test_the_comparison_takes_a_picture(cfgs, tmp_path, monkeypatch):
    checkpoint, image = tmp_path / 'a.pth', tmp_path / 'a.png'
    torch.save(build(cfgs['faster']).state_dict(), checkpoint)
    pixels = np.arange(40 * 56 * 3, dtype=np.uint8).reshape(40, 56, 3)
    cv2.imwrite(str(image), pixels)
    compared = []
    monkeypatch.setattr(
        exporting, 'run_onnx', lambda content, image: compared.append(image)
    )
    args = cfgs['faster'], str(checkpoint), tmp_path / 'a.onnx', IMAGE_WH
    export_onnx(*args, image_path=image)
    expected = cv2.resize(pixels, IMAGE_WH).transpose(2, 0, 1)[None]
    np.testing.assert_array_equal(compared[0], expected)
    with pytest.raises(ValueError, match=r'none\.png: cannot be read'):
        export_onnx(*args, image_path=tmp_path / 'none.png')


def test_other_detectors_are_refused(cfgs):
    with pytest.raises(ValueError, match=r'CenterNet .* whole: .*--network'):
        Detector(MODELS.build(cfgs[CENTER].model), IMAGE_WH)


def test_another_merge_is_refused(cfgs):
    model = build(cfgs['faster'])
    model.roi_head.test_cfg.nms.type = 'soft_nms'
    with pytest.raises(ValueError, match='another method than NMS'):
        Detector(model, IMAGE_WH)
