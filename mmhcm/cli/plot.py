"""Draw the paper's figures, and more, from any data set and any results."""

import argparse
import sys
from collections.abc import Sequence

from mmhcm.structures.choices import FIGURE_FORMATS, FIGURE_WIDTHS

from .arguments import command_parser
from .plot_config import add_plot_arguments, draw_config
from .plot_results import (
    add_photo_arguments,
    add_result_arguments,
    draw_results,
    positive,
)
from .user_errors import command_main

KINDS = {
    'canvases': 'images with pasted objects, masked regions in red (Fig. 2)',
    'counts': 'objects by class in images and on chips (Fig. 3)',
    'sizes': 'sizes and aspect ratios by class (Fig. 4)',
    'masking': 'images before and after masking (Fig. 5)',
    'detections': 'detections on images (Fig. 6), of results or a checkpoint',
    'errors': 'what each type of error costs, after TIDE',
    'confusion': 'which class is taken for which',
    'ap': 'AP by class and size of the objects',
}
_CONFIG = 'configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'
_VAL = '--data-root data/VisDrone2019-DET-val'
EXAMPLES = {
    **dict.fromkeys(('canvases', 'counts', 'sizes', 'masking'), _CONFIG),
    'detections': f'{_CONFIG} --checkpoint epoch_24.pth',
    'errors': f'before.zip after.zip {_VAL}',
    'confusion': f'results.zip {_VAL}',
    'ap': f'before.zip after.zip {_VAL}',
}
SINGLE = ('counts', 'errors', 'confusion')


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = command_parser(
        'plot',
        __doc__,
        f'errors {EXAMPLES["errors"]}',
    )
    kinds = parser.add_subparsers(dest='kind', required=True, metavar='KIND')
    for kind, text in KINDS.items():
        part = kinds.add_parser(
            kind,
            help=text,
            description=text,
            epilog=f'example: mmhcm plot {kind} {EXAMPLES[kind]}',
        )
        if [kind] == list(argv[:1]):
            add_arguments(part, kind, argv[1:])
    return parser.parse_args(argv)


def add_arguments(
    parser: argparse.ArgumentParser, kind: str, words: Sequence[str]
) -> None:
    """Add the arguments of one kind of figure.

    Args:
        parser: The parser of this kind.
        kind: A key of ``KINDS``.
        words: Words to parse; with a config among the words, detections are
            those of a checkpoint instead of result files.
    """
    if kind in ('canvases', 'counts', 'sizes', 'masking') or (
        kind == 'detections' and any(word.endswith('.py') for word in words)
    ):
        parser.set_defaults(draw=draw_config)
        add_plot_arguments(parser, kind)
    else:
        parser.set_defaults(draw=draw_results)
        add_result_arguments(parser, kind)
    if kind in ('canvases', 'masking', 'detections'):
        add_photo_arguments(parser, kind)
    parser.add_argument(
        '--out',
        default='figures',
        help=f'a file ({", ".join(FIGURE_FORMATS)}), or a folder to write '
        f'{kind}.FORMAT into',
    )
    parser.add_argument(
        '--format',
        nargs='+',
        choices=FIGURE_FORMATS,
        help='by default pdf and png, or the suffix of --out; json has the '
        'numbers',
    )
    parser.add_argument(
        '--width',
        choices=list(FIGURE_WIDTHS),
        default='single' if kind in SINGLE else 'double',
        help='columns of a two-column paper, 3.3 or 6.9 inches',
    )
    parser.add_argument('--dpi', type=positive, default=300, help='of png')


def run(args: argparse.Namespace) -> int:
    """Draw one figure, write its files and print its numbers."""
    from mmhcm.visualization.figures import (
        figure_style,
        save_drawing,
        wanted_paths,
    )

    paths = wanted_paths(args.out, args.kind, args.format)
    with figure_style():
        drawing = args.draw(args)
        save_drawing(drawing, paths, args.dpi)
    if drawing.text:
        print(drawing.text)
    print(f'wrote {", ".join(map(str, paths))}')
    return 0


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
