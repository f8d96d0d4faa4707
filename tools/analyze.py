"""Count a config's training data: classes, coverage, chips, pixels."""

import argparse
import sys

from mmhcm.apis.analysis import analyze, statistics_text, write_statistics
from mmhcm.apis.data import add_annotation_arguments, chosen_training_data
from mmhcm.engine.launching import add_config_arguments, load_config


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_arguments(parser)
    add_annotation_arguments(parser)
    parser.add_argument(
        '--canvases',
        type=int,
        metavar='NUM',
        help='count on so many canvases with pasted objects too',
    )
    parser.add_argument('--out', help='write the figures as json')
    return parser.parse_args()


def main() -> int:
    """Count and print; 1 for a user's mistake."""
    args = parse_args()
    try:
        cfg = load_config(args)
        dataset = chosen_training_data(cfg, args)
        figures = analyze(cfg, dataset, args.canvases)
        if args.out is not None:
            write_statistics(args.out, figures)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(statistics_text(figures))
    return 0


if __name__ == '__main__':
    sys.exit(main())
