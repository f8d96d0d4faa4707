"""Draw the paper's figures, and more, from any data set and any results."""

import argparse
import sys

from mmhcm.apis.plots.result_commands import (
    add_photo_arguments,
    add_result_arguments,
    draw_results,
    positive,
)
from mmhcm.visualization.figures import (
    FORMATS,
    WIDTHS,
    figure_style,
    save_drawing,
    wanted_paths,
)

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
SINGLE = ('counts', 'errors', 'confusion')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest='kind', required=True, metavar='KIND')
    for kind, text in KINDS.items():
        part = kinds.add_parser(kind, help=text, description=text)
        # For the wanted kind alone: what reads a config waits for torch.
        if kind in sys.argv[1:2]:
            add_arguments(part, kind)
    return parser.parse_args()


def add_arguments(parser: argparse.ArgumentParser, kind: str) -> None:
    """Add the arguments of one kind of figure."""
    has_config = kind in ('canvases', 'counts', 'sizes', 'masking') or (
        kind == 'detections' and any(w.endswith('.py') for w in sys.argv[2:])
    )
    if has_config:
        from mmhcm.apis.plots.config_commands import (
            add_plot_arguments,
            draw_config,
        )

        parser.set_defaults(has_config=True, draw=draw_config)
        add_plot_arguments(parser, kind)
    else:
        parser.set_defaults(has_config=False, draw=draw_results)
        add_result_arguments(parser, kind)
    if kind in ('canvases', 'masking', 'detections'):
        add_photo_arguments(parser, kind)
    parser.add_argument(
        '--out',
        default='figures',
        help=f'a file ({", ".join(FORMATS)}), or a folder to write '
        f'{kind}.FORMAT into',
    )
    parser.add_argument(
        '--format',
        nargs='+',
        choices=FORMATS,
        help='by default pdf and png, or what --out ends in; json has the '
        'numbers',
    )
    parser.add_argument(
        '--width',
        choices=list(WIDTHS),
        default='single' if kind in SINGLE else 'double',
        help='columns of a two-column paper, 3.3 or 6.9 inches',
    )
    parser.add_argument('--dpi', type=positive, default=300, help='of png')


def main() -> int:
    """Draw; 1 for a user's mistake."""
    args = parse_args()
    if args.has_config:
        from mmhcm.engine.launching import report_mistakes

        return report_mistakes(lambda: run(args))
    try:
        return run(args)
    except (OSError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1


def run(args: argparse.Namespace) -> int:
    """Draw one figure, write its files and print what it says."""
    paths = wanted_paths(args.out, args.kind, args.format)
    with figure_style():
        drawing = args.draw(args)
        save_drawing(drawing, paths, args.dpi)
    if drawing.text:
        print(drawing.text)
    print(f'wrote {", ".join(map(str, paths))}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
