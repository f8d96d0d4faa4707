"""Count a config's training data: classes, coverage, chips, pixels."""

import argparse
import sys
from collections.abc import Sequence

from .arguments import (
    add_annotation_arguments,
    add_config_arguments,
    command_parser,
)
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'analyze', __doc__, 'configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'
    )
    add_config_arguments(parser)
    add_annotation_arguments(parser)
    parser.add_argument(
        '--canvases',
        type=int,
        metavar='NUM',
        help='count on so many canvases with pasted objects too',
    )
    parser.add_argument('--out', help='write the statistics as json')
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Count and print."""
    from mmhcm.apis.analysis import analyze, statistics_text, write_statistics
    from mmhcm.apis.data import chosen_training_data
    from mmhcm.engine.launching import load_config

    cfg = load_config(args)
    statistics = analyze(cfg, chosen_training_data(cfg, args), args.canvases)
    if args.out is not None:
        write_statistics(args.out, statistics)
    print(statistics_text(statistics))
    return 0


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
