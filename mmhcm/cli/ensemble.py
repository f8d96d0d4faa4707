"""Fuse the result files of several detectors into one submission."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from functools import partial

from tqdm import tqdm

from mmhcm.functional.merging.ensemble import METHODS
from mmhcm.structures.results import ensemble_submissions, read_split_sizes

from .arguments import command_parser
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'ensemble',
        __doc__,
        'a.zip b.zip --data-root data/VisDrone2019-DET-val --out c.zip',
    )
    parser.add_argument(
        'results', nargs='+', help='zip or folder of each detector'
    )
    parser.add_argument('--out', required=True, help='the zip to write')
    parser.add_argument(
        '--weights',
        nargs='+',
        type=float,
        metavar='W',
        help='a weight for each detector (default: all alike)',
    )
    parser.add_argument(
        '--method',
        choices=METHODS,
        default='wbf',
        help='how boxes are fused (default: %(default)s, weighted boxes '
        'fusion)',
    )
    parser.add_argument(
        '--iou-thr',
        type=float,
        default=0.55,
        help='IoU over which boxes are one object (default: %(default)s)',
    )
    parser.add_argument(
        '--skip-box-thr',
        type=float,
        default=0.0,
        help='drop boxes of lower scores first (default: %(default)s)',
    )
    parser.add_argument(
        '--data-root',
        help='folder that holds images/: asks for all of them, and keeps '
        'boxes inside',
    )
    parser.add_argument(
        '--sizes',
        help='table name,width,height that stands in for the images',
    )
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Fuse and print a summary."""
    sizes = None
    if args.data_root or args.sizes:
        sizes = read_split_sizes(args.data_root or '.', args.sizes)
        if not sizes:
            raise ValueError(f'{args.sizes or args.data_root}: no images')
    progress: partial[Iterable[str]] = partial(
        # ``disable=None``: no progress bar in a file or pipe.
        tqdm,
        desc='fusing images',
        leave=False,
        disable=None,
    )
    counts = ensemble_submissions(
        args.results,
        args.out,
        weights=args.weights,
        method=args.method,
        iou_thr=args.iou_thr,
        skip_box_thr=args.skip_box_thr,
        image_whs=sizes,
        progress=progress,
    )
    print(
        f'{args.out}: {counts.num_images} result files, '
        f'{counts.num_input_rows} rows of {len(args.results)} detectors '
        f'fused into {counts.num_rows}'
    )
    return 0


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
