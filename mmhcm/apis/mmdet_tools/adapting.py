"""Arguments of MMDetection's tools, adapted to this project's files."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from mmengine.config import Config

from mmhcm.apis.data.training_data import training_cfgs
from mmhcm.structures.annotations import SUPERCATEGORIES

#: Two transforms that ``analyze_results`` uses from a pipeline. The tool
#: accepts only mmcv's own class, not the subclass that mmhcm registers.
_LOADING = (
    {'type': 'mmcv.LoadImageFromFile'},
    {'type': 'LoadAnnotations', 'with_bbox': True},
)


def adapted_words(name: str, words: Sequence[str], folder: Path) -> list[str]:
    """Return arguments with which a tool reads files of this project.

    Args:
        name: The tool.
        words: Arguments of the tool.
        folder: Empty folder for adapted files, which the tool reads instead
            of the originals.
    """
    adapt = _ADAPT.get(name)
    return list(words) if adapt is None else adapt(list(words), folder)


def _short_keys(words: list[str], _: Path) -> list[str]:
    """Drop the prefix of metrics, as ``analyze_logs`` does in logs."""
    if '--keys' not in words:
        return words
    start = words.index('--keys') + 1
    stop = start
    while stop < len(words) and not words[stop].startswith('--'):
        words[stop] = words[stop].rpartition('/')[2]
        stop += 1
    return words


def _whole_images(words: list[str], folder: Path) -> list[str]:
    """Give ``analyze_results`` a training pipeline that loads images.

    The tool loads images with the first transforms of the training
    pipeline, which here cut chips.
    """
    for place, word in enumerate(words):
        if word.endswith(('.py', '.json', '.yml', '.yaml')):
            cfg = Config.fromfile(word)
            _, images = training_cfgs(cfg)
            cfg.train_dataloader['dataset'] = {
                **images,
                'pipeline': list(_LOADING),
            }
            # JSON is written faster than a Python config.
            path = folder / f'{Path(word).stem}.json'
            cfg.dump(path)
            words[place] = str(path)
            break
    return words


def _supercategories(words: list[str], folder: Path) -> list[str]:
    """Add the key that ``coco_error_analysis`` needs and CocoMetric omits."""
    if '--ann' not in words[:-1]:
        return words
    place = words.index('--ann') + 1
    content = json.loads(Path(words[place]).read_text())
    for category in content['categories']:
        group = SUPERCATEGORIES.get(category['name'], 'object')
        category.setdefault('supercategory', group)
    path = folder / 'annotations.json'
    path.write_text(json.dumps(content))
    words[place] = str(path)
    return words


_ADAPT: dict[str, Callable[[list[str], Path], list[str]]] = {
    'analyze_logs': _short_keys,
    'analyze_results': _whole_images,
    'coco_error_analysis': _supercategories,
}
