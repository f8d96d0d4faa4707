"""Write the report of a mined round again: one HTML page next to it."""

import argparse
import sys
import time
from collections.abc import Sequence

from .arguments import ConfigOptions, command_parser
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'report',
        __doc__,
        'configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py '
        'work_dirs/faster-rcnn_r101_fpn_hcm_visdrone',
    )
    parser.add_argument('config', help='config file of the run')
    parser.add_argument('work_dir', help='its folder of logs and checkpoints')
    parser.add_argument(
        '--round', type=int, help='number of the round; by default the last'
    )
    parser.add_argument(
        '--num-examples',
        type=int,
        help="pictures of errors; by default the config's number",
    )
    parser.add_argument(
        '--num-canvases', type=int, help='pictures of canvases'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        help='override config values, see mmhcm train',
    )
    parser.set_defaults(launcher='none')
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    from mmhcm.apis.report import report_of_config
    from mmhcm.engine.launching import load_config

    start = time.perf_counter()
    options = {
        name: value
        for name in ('num_examples', 'num_canvases')
        if (value := getattr(args, name)) is not None
    }
    path = report_of_config(load_config(args), args.round, **options)
    size, seconds = path.stat().st_size, time.perf_counter() - start
    print(f'wrote {path} ({size / 1e6:.1f} MB) in {seconds:.1f} s')
    return 0


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
