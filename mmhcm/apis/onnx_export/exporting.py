"""Export of a config's detector, and its comparison with PyTorch."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_state_dict
from torch import Tensor

from mmhcm.engine.checkpoints import check_checkpoint, load_checkpoint
from mmhcm.structures.files import atomic_write
from mmhcm.structures.pool import read_image

from .comparing import compare_detections, compare_outputs, run_onnx
from .detector import Detector, Network
from .operators import OPSET

_OUTPUTS = ['bboxes', 'scores', 'labels']
#: Layers that ONNX Runtime does not have.
_WITHOUT = ('ModulatedDeformConv2d', 'DeformConv2d')


@dataclass(frozen=True)
class OnnxExport:
    """Result of an export.

    Attributes:
        path: The ONNX file.
        outputs: Names of the file's outputs.
        comparison: Text on the difference of the outputs from PyTorch's; None
            if ONNX Runtime is not installed.
    """

    path: Path
    outputs: list[str]
    comparison: str | None


def export_onnx(
    cfg: Config,
    checkpoint: str,
    path: str | Path,
    image_wh: tuple[int, int],
    network: bool = False,
    image_path: str | Path | None = None,
) -> OnnxExport:
    """Write a detector as ONNX, after a comparison with PyTorch.

    The input is ``image``, float (1, 3, h, w), BGR from 0 to 255: the image
    as it enters the network, resized but neither normalised nor padded.

    Args:
        cfg: The config.
        checkpoint: File of the weights.
        path: The file to write.
        image_wh: Width and height of the input, pixels.
        network: Export only backbone, neck and dense head.
        image_path: The picture for the comparison, stretched to
            ``image_wh``. Defaults to None: noise, in which a trained detector
            finds little.

    Raises:
        ImportError: the package onnx is missing.
        OSError: a file cannot be read or written.
        ValueError: the weights do not fit the model, the picture cannot be
            decoded, or the detector cannot be exported or gives other results.
    """
    import onnx  # noqa: F401 torch imports onnx late

    image = _input(image_wh, image_path)
    model = _build(cfg, checkpoint)
    graph = (Network if network else Detector)(model, image_wh).eval()
    with torch.no_grad():
        expected = graph(image)
        names = (
            [f'output_{ind}' for ind in range(len(expected))]
            if network
            else _OUTPUTS
        )
        content = _written(graph, image, names)
    found = run_onnx(content, image)
    comparison = None
    if found is not None and network:
        comparison = compare_outputs(found, expected)
    elif found is not None:
        comparison = compare_detections(found, _predicted(model, image))
    with atomic_write(path) as file:
        file.write(content)
    return OnnxExport(Path(path), names, comparison)


def _build(cfg: Config, checkpoint: str) -> Any:
    """Build the model in evaluation mode, with its weights."""
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    settings = cfg.model.copy()
    model = MODELS.build(settings)
    layers = {type(layer).__name__ for layer in model.modules()}
    missing = [name for name in layers if name.startswith(_WITHOUT)]
    if missing:
        raise ValueError(
            f'{cfg.filename} has {missing[0]} layers, which ONNX Runtime '
            'does not have'
        )
    check_checkpoint(checkpoint, model)
    content = load_checkpoint(checkpoint)
    load_state_dict(model, content.get('state_dict', content), strict=True)
    return model.eval()


def _input(image_wh: tuple[int, int], path: str | Path | None) -> Tensor:
    """Return the input for the comparison, (1, 3, h, w) from 0 to 255."""
    width, height = image_wh
    if path is None:
        rng = torch.Generator().manual_seed(0)
        return torch.rand(1, 3, height, width, generator=rng) * 255
    pixels = cv2.resize(read_image(str(path)), image_wh)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float()


def _written(graph: Network, image: Tensor, names: list[str]) -> bytes:
    """Return the ONNX file's content."""
    dynamic = {name: {0: 'detections'} for name in names if name in _OUTPUTS}
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        path = Path(folder, 'detector.onnx')
        # The tracer warns of fixed sizes, which are intended.
        warnings.simplefilter('ignore')
        torch.onnx.export(
            graph,
            (image,),
            path,
            input_names=['image'],
            output_names=names,
            dynamic_axes=dynamic,
            opset_version=OPSET,
            dynamo=False,
        )
        return path.read_bytes()


def _predicted(model: Any, image: Tensor) -> tuple[Tensor, ...]:
    """Detect objects with MMDetection."""
    height, width = image.shape[-2:]
    sample = DetDataSample(
        metainfo={
            'img_shape': (height, width),
            'ori_shape': (height, width),
            'scale_factor': (1.0, 1.0),
        }
    )
    batch = {'inputs': [image[0]], 'data_samples': [sample]}
    with torch.no_grad():
        (found,) = model.test_step(batch)
    pred = found.pred_instances
    return pred.bboxes, pred.scores, pred.labels
