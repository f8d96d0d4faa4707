"""Write the report of a mined round again: one HTML page beside it."""

import argparse
import sys
import time

from mmengine.config import DictAction

from mmhcm.apis.report import report_of_config
from mmhcm.engine.launching import load_config, report_mistakes


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
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
        action=DictAction,
        help='override config values, see tools/train.py',
    )
    parser.set_defaults(launcher='none')
    return parser.parse_args()


def main() -> int:
    """Write the page; 1 for a user's mistake."""
    args = parse_args()
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


if __name__ == '__main__':
    sys.exit(report_mistakes(main))
