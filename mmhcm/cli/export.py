"""Write images of a config, with COCO or YOLO annotations.

These are whole data sets, or what the config trains on and mines.
"""

import argparse
import sys
from collections.abc import Sequence

from mmhcm.structures.choices import (
    EXPORT_FORMATS,
    EXPORT_KINDS,
    IMAGE_FORMATS,
)

from .arguments import add_config_arguments, command_parser
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'export',
        __doc__,
        'configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py '
        '--what images --split val --format yolo --out exported',
    )
    add_config_arguments(parser)
    parser.add_argument(
        '--what',
        choices=EXPORT_KINDS,
        default='chips',
        help='whole images, or what is made of them (default: %(default)s)',
    )
    parser.add_argument(
        '--split',
        choices=['train', 'val', 'test'],
        default='train',
        help='the data set whose images to write (default: %(default)s)',
    )
    parser.add_argument(
        '--format',
        dest='files',
        choices=EXPORT_FORMATS,
        default='coco',
        help='of the annotations (default: %(default)s)',
    )
    parser.add_argument(
        '--out',
        required=True,
        help='folder to write into; several exports may share one',
    )
    parser.add_argument(
        '--round',
        help='hard_chips.jsonl of a mined round; by default the last one of '
        'the work directory',
    )
    parser.add_argument(
        '--num', type=int, help='so many, drawn at random; by default all'
    )
    parser.add_argument(
        '--suffix',
        choices=IMAGE_FORMATS,
        default='.png',
        help='file format of chips and canvases; .jpg is smaller, but not '
        'exact',
    )
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Export and print a summary."""
    from mmhcm.apis.browse import export
    from mmhcm.engine.launching import load_config

    result = export(
        load_config(args),
        args.what,
        args.out,
        num=args.num,
        round_file=args.round,
        suffix=args.suffix,
        files=args.files,
        split=args.split,
    )
    broken = f' ({result.num_broken} left out)' if result.num_broken else ''
    print(f'{result.num_images} images in {result.path}{broken}')
    return 0


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
