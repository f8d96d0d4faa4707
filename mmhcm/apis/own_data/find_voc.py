"""Folders in Pascal VOC's format."""

from pathlib import Path
from xml.etree import ElementTree

from .found_data import FoundData

_CONFIG = 'hcm/faster-rcnn_r50_fpn_hcm_voc.py'
_LISTS = Path('ImageSets') / 'Main'
_ANNOTATIONS = 'Annotations'


def find_voc(folder: str | Path) -> FoundData:
    """Read the classes of a folder with Annotations and ImageSets/Main.

    Args:
        folder: The folder.

    Raises:
        ValueError: an annotation cannot be read, or the folder has no object.
        FileNotFoundError: the list of images, or an annotation, is missing.
    """
    root = Path(folder)
    for name in ('train.txt', 'val.txt'):
        if not (root / _LISTS / name).is_file():
            raise FileNotFoundError(f'no list of images at {root / _LISTS}')
    lines = (root / _LISTS / 'train.txt').read_text().splitlines()
    names: set[str] = set()
    for stem in filter(None, map(str.strip, lines)):
        names |= _read_names(root / _ANNOTATIONS / f'{stem}.xml')
    if not names:
        raise ValueError(f'{root / _ANNOTATIONS}: no object in train.txt')
    return FoundData(_CONFIG, str(folder), tuple(sorted(names)), {})


def _read_names(path: Path) -> set[str]:
    """Read the names of the objects of an annotation."""
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ValueError(f'{path}: no VOC annotation: {error}') from error
    names = (item.findtext('name') for item in root.findall('object'))
    return {name for name in names if name}
