"""Fit a config's anchors to its training data, in network-input pixels."""

import argparse
import sys
from collections.abc import Sequence

from .arguments import (
    add_annotation_arguments,
    add_config_arguments,
    command_parser,
)
from .user_errors import report_user_errors


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'fit_anchors',
        __doc__,
        'configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py --propose-scales',
    )
    add_config_arguments(parser)
    add_annotation_arguments(parser)
    parser.add_argument('--num-scales', type=int, default=1)
    parser.add_argument('--num-ratios', type=int, default=3)
    parser.add_argument(
        '--propose-scales',
        type=int,
        nargs='?',
        const=3,
        metavar='NUM',
        help='propose windows and valid ranges too (default: 3 scales)',
    )
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Fit and print."""
    from mmhcm.apis.analysis import (
        fit_config_anchors,
        fit_text,
        proposed_scales,
        scales_text,
    )
    from mmhcm.apis.data import chosen_training_data
    from mmhcm.engine.launching import load_config

    cfg = load_config(args)
    dataset = chosen_training_data(cfg, args)
    fit = fit_config_anchors(
        cfg, dataset, args.num_scales, args.num_ratios, args.seed
    )
    print(fit_text(fit))
    if args.propose_scales is not None:
        scales = proposed_scales(fit, dataset.chip_size, args.propose_scales)
        print(f'\n{scales_text(scales)}')
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the arguments, fit, and return the exit status."""
    args = parse_args(argv)
    return report_user_errors(lambda: run(args))


if __name__ == '__main__':
    sys.exit(main())
