"""Comparison of the classes of data sets and heads."""

from collections.abc import Iterator, Sequence
from typing import Any

from mmcv.cnn import VGG
from mmdet.models.dense_heads import RPNHead
from mmdet.models.roi_heads.mask_heads import FusedSemanticHead
from torch import nn

from mmhcm.engine.wrappers import unwrap
from mmhcm.models import AnchorRefinementHead

_OTHERS = (VGG, FusedSemanticHead, RPNHead, AnchorRefinementHead)


def classes_of(dataset: Any, key: str) -> tuple[str, ...] | None:
    """Return the classes of a data set; None if it has none.

    Args:
        dataset: The data set.
        key: Config key of the data set.

    Raises:
        ValueError: the classes are no list of different names.
    """
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    if classes is None:
        return None
    if isinstance(classes, str):
        raise ValueError(
            f'{key}.metainfo.classes must be a tuple, such as ({classes!r},), '
            f'got {classes!r}'
        )
    if len(set(classes)) < len(classes):
        raise ValueError(f'{key}.metainfo.classes: one is there twice')
    return tuple(classes)


def check_heads(model: nn.Module, classes: Sequence[str], key: str) -> None:
    """Make sure that heads have as many classes as the data.

    Args:
        model: The detector, maybe in a wrapper.
        classes: Classes of the data.
        key: Config key of the data set.

    Raises:
        ValueError: a head has more or fewer classes.
    """
    for name, num_classes in _heads(unwrap(model)):
        if num_classes != len(classes):
            raise ValueError(
                f'model.{name}.num_classes is {num_classes}, {key} has '
                f'{len(classes)} classes {_some(classes)}: set it to '
                f'{len(classes)}'
            )


def check_same(
    classes: Sequence[str], key: str, others: Sequence[str], other_key: str
) -> None:
    """Make sure that two data sets have the same classes, in order.

    Raises:
        ValueError: the classes differ.
    """
    if tuple(classes) != tuple(others):
        raise ValueError(
            f'{other_key} has the classes {_some(others)}, {key} '
            f'{_some(classes)}: set metainfo.classes of both'
        )


def _heads(model: nn.Module) -> Iterator[tuple[str, int]]:
    """Yield key and number of classes of each classifying head."""
    for name, module in model.named_modules():
        num_classes = getattr(module, 'num_classes', None)
        is_head = name and not isinstance(module, _OTHERS)
        if is_head and isinstance(num_classes, int):
            parts = [
                f'[{p}]' if p.isdigit() else f'.{p}' for p in name.split('.')
            ]
            yield ''.join(parts).removeprefix('.'), num_classes


def _some(classes: Sequence[str]) -> str:
    shown = [repr(name) for name in classes[:4]]
    return f'({", ".join([*shown, *["..."] * (len(classes) > 4)])})'
