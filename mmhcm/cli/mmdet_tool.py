"""Run an analysis tool of MMDetection on configs and results of this project.

Each tool has a --help of its own: mmhcm mmdet_tool get_flops --help
"""

import argparse
import sys
from collections.abc import Sequence

from mmhcm.structures.choices import MMDET_TOOLS

from .arguments import command_parser
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'mmdet_tool',
        __doc__,
        'get_flops configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py',
    )
    parser.add_argument(
        'tool',
        choices=MMDET_TOOLS,
        help='; '.join(
            f'{name}: {text}' for name, text in MMDET_TOOLS.items()
        ),
    )
    parser.add_argument(
        'words',
        nargs=argparse.REMAINDER,
        metavar='...',
        help='arguments of the tool',
    )
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Run the tool."""
    from mmhcm.apis.mmdet_tools import run_tool

    run_tool(args.tool, args.words)
    return 0


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
