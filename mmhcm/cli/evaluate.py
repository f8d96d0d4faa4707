"""Print the official VisDrone-DET scores of a zip or folder of results."""

import argparse
import sys
from collections.abc import Sequence

from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.results import (
    format_rankings,
    format_scores,
    rank_scores,
    score_folder,
    write_scores,
)

from .arguments import command_parser
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'evaluate',
        __doc__,
        'results.zip --data-root data/VisDrone2019-DET-val',
    )
    parser.add_argument('results', help='zip or folder of result files')
    parser.add_argument(
        '--data-root',
        required=True,
        help='folder that holds annotations/ and images/',
    )
    parser.add_argument(
        '--sizes',
        help='table name,width,height that stands in for the images',
    )
    parser.add_argument('--out', help='write all scores, unrounded, as json')
    parser.add_argument(
        '--leaderboard',
        action='store_true',
        help='place the result among those that the paper compares',
    )
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Score, print and write."""
    counter = FaultCounter()
    scores = score_folder(args.results, args.data_root, args.sizes, counter)
    text, rankings = format_scores(scores), {}
    if args.leaderboard:
        rankings['leaderboard'] = rank_scores(scores, args.data_root)
        text += f'\n\n{format_rankings(rankings["leaderboard"])}'
    if args.out:
        write_scores(args.out, scores, **rankings)
    for line in counter.lines():
        print(f'warning: {line}', file=sys.stderr)
    print(text)
    return 0


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
