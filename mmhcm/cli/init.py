"""Write a config for own data in COCO, YOLO or Pascal VOC format."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .arguments import add_config_arguments, command_parser
from .user_errors import command_main
from .written_config import check_target, write_config

if TYPE_CHECKING:
    from mmhcm.apis.analysis import DataFit
    from mmhcm.apis.own_data import FoundData


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'init',
        __doc__,
        '--coco sea/train.json sea/val.json --out boats.py --fit',
    )
    sources = parser.add_mutually_exclusive_group(required=True)
    sources.add_argument(
        '--coco', nargs=2, metavar=('TRAIN', 'VAL'), help='two COCO files'
    )
    sources.add_argument(
        '--yolo', metavar='YAML', help='a data.yaml, or the folder that has it'
    )
    sources.add_argument(
        '--voc',
        metavar='FOLDER',
        help='a folder with Annotations, JPEGImages and ImageSets/Main',
    )
    parser.add_argument(
        '--images',
        nargs=2,
        metavar=('TRAIN', 'VAL'),
        help='folders of the images of --coco (default: found near the files)',
    )
    parser.add_argument('--out', required=True, help='config to write')
    parser.add_argument(
        '--force', action='store_true', help='replace OUT if it is there'
    )
    parser.add_argument(
        '--fit',
        action='store_true',
        help='add windows, valid ranges and anchors, fitted to the data',
    )
    args = parser.parse_args(argv)
    if args.images and not args.coco:
        parser.error('--images goes with --coco')
    return args


def run(args: argparse.Namespace) -> int:
    """Find the data, write the config, and fit."""
    from mmhcm.apis.analysis import data_fit_text, fitted_lines
    from mmhcm.apis.own_data import data_config

    check_target(args.out, args.force)
    data = _find(args)
    for note in data.notes:
        print(note)
    text = data_config(data)
    write_config(args.out, text)
    if args.fit:
        fit = _fit(args.out)
        print(data_fit_text(fit))
        lines = f'\n# Fitted to the data.\n{fitted_lines(fit)}\n'
        write_config(args.out, text + lines)
    classes = ', '.join(data.classes)
    print(f'\nwrote {args.out}: {len(data.classes)} classes, {classes}')
    return 0


def _find(args: argparse.Namespace) -> 'FoundData':
    from mmhcm.apis.own_data import find_coco, find_voc, find_yolo

    if args.coco:
        train, val = args.coco
        return find_coco(train, val, args.images)
    if args.yolo:
        return find_yolo(args.yolo)
    return find_voc(args.voc)


def _fit(path: str) -> 'DataFit':
    """Fit the values of a written config to its data."""
    from mmhcm.apis.analysis import fit_config
    from mmhcm.apis.data import build_training_data
    from mmhcm.engine.launching import load_config

    parser = argparse.ArgumentParser()
    add_config_arguments(parser)
    cfg = load_config(parser.parse_args([path]))
    return fit_config(cfg, build_training_data(cfg))


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
