"""Name each fault of a submission zip; exit 0 when there is none."""

import argparse
import sys
from collections.abc import Sequence

from mmhcm.structures.annotations import MAX_DETS
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.results import read_split_sizes, validate_submission

from .arguments import command_parser
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'validate_submission',
        __doc__,
        'submission.zip --data-root data/VisDrone2019-DET-test-challenge',
    )
    parser.add_argument('zip', help='zip of result files')
    parser.add_argument(
        '--data-root', required=True, help='folder that holds images/'
    )
    parser.add_argument(
        '--sizes',
        help='table name,width,height that stands in for the images',
    )
    parser.add_argument(
        '--max-rows',
        type=int,
        default=MAX_DETS,
        help='most rows of a file (default: %(default)s)',
    )
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Print the faults; 1 if there is one."""
    counter = FaultCounter()
    images = read_split_sizes(args.data_root, args.sizes, counter)
    if not images:
        raise ValueError(f'{args.sizes or args.data_root}: no images')
    faults = validate_submission(args.zip, images, args.max_rows)
    for line in counter.lines():
        print(f'warning: {line}', file=sys.stderr)
    for fault in faults:
        print(fault)
    if not faults:
        print(f'{args.zip}: good, {len(images)} result files')
    return int(bool(faults))


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
