"""Draw what a config trains on, mines or detects, as pictures to look at."""

import argparse
import sys
from collections.abc import Sequence

from .arguments import add_config_arguments, command_parser
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'browse',
        __doc__,
        'configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py '
        '--what canvases --num 4',
    )
    add_config_arguments(parser)
    parser.add_argument(
        '--what',
        choices=['chips', 'canvases', 'hard-chips', 'detections'],
        default='chips',
    )
    parser.add_argument(
        '--round',
        help='hard_chips.jsonl of a mined round; by default the last one of '
        'the work directory',
    )
    parser.add_argument('--checkpoint', help='weights, for detections')
    parser.add_argument('--score-thr', type=float, default=0.3)
    parser.add_argument(
        '--out', default='pictures', help='folder to write into'
    )
    parser.add_argument('--num', type=int, default=12)
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Draw."""
    from mmhcm.apis.browse import (
        save_canvases,
        save_chips,
        save_detections,
        save_hard_chips,
    )
    from mmhcm.engine.checkpoints import existing_checkpoint
    from mmhcm.engine.launching import load_config

    cfg = load_config(args)
    common = {'out_dir': args.out, 'num': args.num, 'seed': args.seed}
    if args.what == 'chips':
        paths = save_chips(cfg, **common)
    elif args.what == 'canvases':
        paths = save_canvases(cfg, **common)
    elif args.what == 'hard-chips':
        paths = save_hard_chips(cfg, **common, round_file=args.round)
    else:
        if args.checkpoint is None:
            raise ValueError('detections need --checkpoint')
        checkpoint = existing_checkpoint(args.checkpoint)
        paths = save_detections(
            cfg, **common, checkpoint=checkpoint, score_thr=args.score_thr
        )
    print(f'{len(paths) - 1} pictures, all together in {paths[-1]}')
    return 0


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
