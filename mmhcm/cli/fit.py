"""Fit windows, valid ranges and anchors of a config to its training data."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import (
    add_annotation_arguments,
    add_config_arguments,
    command_parser,
)
from .user_errors import command_main
from .written_config import check_target, write_config

if TYPE_CHECKING:
    from mmhcm.apis.analysis import DataFit


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser('fit', __doc__, 'boats.py --write boats_fitted.py')
    add_config_arguments(parser)
    add_annotation_arguments(parser)
    parser.add_argument(
        '--write',
        metavar='FILE',
        help='write a config that inherits this one and has the fitted values',
    )
    parser.add_argument(
        '--force', action='store_true', help='replace FILE if it is there'
    )
    windows = parser.add_mutually_exclusive_group()
    windows.add_argument(
        '--num-windows',
        type=int,
        default=3,
        help='windows of chips, one a scale (default: 3)',
    )
    windows.add_argument(
        '--keep-windows',
        action='store_true',
        help="keep the config's windows and valid ranges; fit anchors alone",
    )
    parser.add_argument(
        '--anchor-scales',
        type=int,
        help='scales of anchors a level (default: as many as the config has)',
    )
    parser.add_argument(
        '--anchor-ratios',
        type=int,
        help='ratios of anchors a level (default: as many as the config has)',
    )
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Fit, print and write."""
    from mmhcm.apis.analysis import data_fit_text, fit_config
    from mmhcm.apis.data import chosen_training_data
    from mmhcm.engine.launching import load_config

    if args.write is not None:
        check_target(args.write, args.force, args.config)
    cfg = load_config(args)
    fit = fit_config(
        cfg,
        chosen_training_data(cfg, args),
        None if args.keep_windows else args.num_windows,
        args.anchor_scales,
        args.anchor_ratios,
        args.seed,
    )
    print(data_fit_text(fit))
    if args.write is not None:
        _write(fit, args)
        print(f'\nwrote {args.write}')
    return 0


def _write(fit: 'DataFit', args: argparse.Namespace) -> None:
    """Write the config; remove it if its training ignores the values."""
    from mmhcm.apis.analysis import check_fitted, fitted_config
    from mmhcm.engine.launching import load_config

    write_config(args.write, fitted_config(fit, args.config, args.write))
    written = argparse.Namespace(**{**vars(args), 'config': args.write})
    try:
        check_fitted(load_config(written), fit)
    except ValueError:
        Path(args.write).unlink()
        raise


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
