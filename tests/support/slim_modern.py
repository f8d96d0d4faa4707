"""The modern detectors with the same modules as at full size, but small."""

from typing import Any

from mmengine.config import Config

from tests.support.configs import dicts, without_weights
from tests.support.slim_baselines import (
    SLIM_FPN,
    SLIM_HEAD,
    SLIM_RESNET,
    SLIM_ROI,
    SLIM_TWO_STAGE,
    mine_little,
    small_chips,
)

RTMDETS = [
    'rtmdet_tiny',
    'rtmdet_tiny_p2',
    'rtmdet_l',
    'rtmdet_l_p2',
]
DINO, DDQ, CONVNEXT, NWD = [
    'dino-5scale_swin-l',
    'ddq-detr-4scale_swin-l',
    'cascade-rcnn_convnext-s',
    'faster-rcnn_r50_fpn_nwd',
]
DETRS = [DINO, DDQ]
MODERN = [*RTMDETS, *DETRS, CONVNEXT, NWD]
TWO_STAGE = [CONVNEXT, NWD]


def _slim_rtmdet(model: Any) -> None:
    # Channels are 64 times this at the first stage.
    model.backbone.update(deepen_factor=0.1, widen_factor=0.125)
    first = 8 * 2 ** model.backbone.get('out_indices', (2,))[0]
    levels = len(model.neck.in_channels)
    model.neck.update(
        in_channels=[first * 2**level for level in range(levels)],
        out_channels=16,
        num_csp_blocks=1,
    )
    model.bbox_head.update(in_channels=16, feat_channels=16)


def _slim_detr(model: Any) -> None:
    model.num_queries = 40
    model.backbone.update(
        embed_dims=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 2)
    )
    model.backbone.update(window_size=4, with_cp=False)
    # Encodings of positions have 256 channels.
    model.neck.in_channels = [
        8 * 2**stage for stage in model.backbone.out_indices
    ]
    for part, num_layers in ((model.encoder, 1), (model.decoder, 2)):
        part.num_layers = num_layers
        part.layer_cfg.ffn_cfg.feedforward_channels = 32
    model.dn_cfg.group_cfg.num_dn_queries = 10
    model.test_cfg.max_per_img = 100


def _slim_two_stage(model: Any) -> None:
    if model.backbone.type == 'ConvNeXt':
        model.backbone.arch = ((1, 1, 1, 1), (16, 32, 64, 128))
    else:
        model.backbone.update(SLIM_RESNET)
    model.neck.update(SLIM_FPN)
    model.rpn_head.update(SLIM_HEAD)
    model.roi_head.bbox_roi_extractor.out_channels = 16
    heads = model.roi_head.bbox_head
    for head in heads if isinstance(heads, list) else [heads]:
        head.update(SLIM_ROI)
        if 'conv_out_channels' in head:
            head.conv_out_channels = 16
    for part in ('train_cfg', 'test_cfg'):
        for key, values in SLIM_TWO_STAGE[part].items():
            model[part][key].update(values)


def slim_modern(cfg: Config, name: str) -> None:
    """Shrink a detector's model, without initial weights."""
    model = cfg.model
    if name in TWO_STAGE:
        _slim_two_stage(model)
    elif name in DETRS:
        _slim_detr(model)
    else:
        _slim_rtmdet(model)
    without_weights(model)


def small_scales(values: Any) -> None:
    """Resize images of 112 x 80 pixels to half or all of that."""
    for part in dicts(values):
        if part.get('type') == 'Resize':
            part.pop('scale', None)
            part['scale_factor'] = 1.0
        elif part.get('type') == 'ResizeToScale':
            if part.get('window') is None and 'chip_size' in part:
                part['chip_size'] = 112 if part['chip_size'] < 1900 else 128
            elif 'scale_factor' in part:
                part['scale_factor'] = 1.0


def tiny_chips(cfg: Config) -> None:
    """Train on chips of 64 pixels, and mine on two canvases after an epoch."""
    small_chips(cfg, num_samples=4)
    mine_little(cfg)
    tta_model = cfg.default_hooks.mining.setdefault('tta_model', {})
    tta_model.update(type='MultiScaleTTA', max_per_view=100)
    if 'slices' in tta_model:
        tta_model.type = 'SliceTTA'
        tta_model.slices = [
            {'window': 64, 'overlap': 0.2, 'scale_factor': 1.0}
        ]
