"""Export a detector to ONNX, and compare it with PyTorch on one image."""

import argparse
import sys
from collections.abc import Sequence

from .arguments import add_config_arguments, command_parser
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'export_onnx',
        __doc__,
        'configs/hcm/faster-rcnn_r50_fpn_hcm_visdrone.py '
        'epoch_24.pth --size 1280 1280 --out detector.onnx',
    )
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint: a file or an address')
    parser.add_argument('--out', required=True, help='the file to write')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        metavar=('WIDTH', 'HEIGHT'),
        required=True,
        help="size of the network's input, pixels, such as that of slices",
    )
    parser.add_argument(
        '--network',
        action='store_true',
        help='backbone, neck and dense head alone, without anchors and NMS',
    )
    parser.add_argument(
        '--image',
        help='picture for the comparison with PyTorch; without it, noise',
    )
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Export and print a summary."""
    from mmhcm.apis.onnx_export import export_onnx
    from mmhcm.engine.checkpoints import existing_checkpoint
    from mmhcm.engine.launching import load_config

    if min(args.size) < 1:
        raise ValueError(f'--size must be positive, not {args.size}')
    width, height = args.size
    result = export_onnx(
        load_config(args),
        existing_checkpoint(args.checkpoint),
        args.out,
        (width, height),
        network=args.network,
        image_path=args.image,
    )
    comparison = (
        result.comparison
        or 'not compared with PyTorch, since onnxruntime is not installed'
    )
    print(f'{result.path}: {", ".join(result.outputs)}; {comparison}')
    return 0


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
