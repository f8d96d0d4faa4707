"""Count a config's training data: classes, coverage, chips, pixels."""

import argparse
import sys
from collections.abc import Sequence

from mmhcm.apis.analysis import analyze, statistics_text, write_statistics
from mmhcm.apis.data import add_annotation_arguments, chosen_training_data
from mmhcm.engine.launching import add_config_arguments, load_config

from .user_errors import report_user_errors


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog='mmhcm analyze', description=__doc__)
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
    cfg = load_config(args)
    statistics = analyze(cfg, chosen_training_data(cfg, args), args.canvases)
    if args.out is not None:
        write_statistics(args.out, statistics)
    print(statistics_text(statistics))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the arguments, count, and return the exit status."""
    args = parse_args(argv)
    return report_user_errors(lambda: run(args))


if __name__ == '__main__':
    sys.exit(main())
