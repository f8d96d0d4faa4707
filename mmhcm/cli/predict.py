"""Detect objects in pictures and videos, draw them and write them."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmhcm.config_files import SCOPE
from mmhcm.structures.choices import PREDICTION_FORMATS

from .arguments import ConfigOptions, add_mode_arguments, command_parser
from .user_errors import command_main

if TYPE_CHECKING:
    from mmhcm.apis.predict import Prediction


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'predict', __doc__, 'CONFIG CHECKPOINT photos/ --out found'
    )
    parser.add_argument(
        'config', help=f'config file, or {SCOPE}NAME for one of the package'
    )
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        'sources',
        nargs='+',
        metavar='SOURCE',
        help='picture, video, folder, or pattern such as "photos/**/*.jpg"',
    )
    parser.add_argument('--out', required=True, help='folder to write into')
    add_mode_arguments(parser)
    parser.add_argument(
        '--json',
        choices=PREDICTION_FORMATS,
        dest='files',
        help='also write the boxes as files of this format',
    )
    parser.add_argument(
        '--score-thr',
        type=float,
        default=0.3,
        help='lowest score of a detection (default: %(default)s)',
    )
    parser.add_argument(
        '--no-pictures',
        action='store_true',
        help='draw nothing; only write the boxes',
    )
    parser.add_argument(
        '--device',
        help='cpu or cuda:1, say; by default a GPU if there is one',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        help='override config values: key=value, nested keys with dots',
    )
    parser.set_defaults(launcher='none', work_dir=None)
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Predict and print a summary; 1 if a file could not be read."""
    from mmhcm.apis.predict import predict
    from mmhcm.engine.checkpoints import existing_checkpoint
    from mmhcm.engine.launching import load_config, use_mode

    if args.no_pictures and args.files is None:
        raise ValueError('--no-pictures leaves nothing to write: add --json')
    cfg = load_config(args)
    use_mode(cfg, args)
    result = predict(
        cfg,
        existing_checkpoint(args.checkpoint),
        args.sources,
        args.out,
        files=args.files,
        score_thr=args.score_thr,
        pictures=not args.no_pictures,
        device=args.device,
    )
    _report(result, args)
    return int(bool(result.broken))


def _report(result: 'Prediction', args: argparse.Namespace) -> None:
    print(
        f'{result.num_detections} detections from {args.score_thr:g} in '
        f'{result.num_images} images: {args.out}'
    )
    for note in result.notes:
        print(note)
    if result.broken:
        print(
            f'{len(result.broken)} files could not be read; the first: '
            f'{result.broken[0]}',
            file=sys.stderr,
        )


main = command_main(parse_args, run, '; what was found until now is written')

if __name__ == '__main__':
    sys.exit(main())
