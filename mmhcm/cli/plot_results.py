"""Arguments and drawing of figures that need no config."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmhcm.visualization.figures import Drawing


def positive(text: str) -> int:
    """Read a whole number above 0."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{number} is not above 0')
    return number


def add_result_arguments(parser: argparse.ArgumentParser, kind: str) -> None:
    """Add the arguments of a figure of result files."""
    parser.add_argument(
        'results',
        nargs='+' if kind in ('errors', 'ap') else 1,
        help='zip or folder of result files'
        + (', or a config' if kind == 'detections' else ''),
    )
    parser.add_argument(
        '--data-root',
        required=True,
        help='folder that holds images/ and annotations/',
    )
    if kind != 'detections':
        parser.add_argument(
            '--sizes',
            help='table name,width,height that stands in for the images',
        )
    if kind in ('errors', 'ap'):
        parser.add_argument('--names', nargs='+', help='one for each result')
    if kind == 'errors':
        parser.add_argument(
            '--class-mean',
            action='store_true',
            help='plain mean over classes, in place of the official one',
        )
    if kind == 'ap':
        parser.add_argument(
            '--edges',
            nargs='+',
            type=float,
            default=[0, 32, 96, float('inf')],
            help='of bins of sqrt(area), pixels; by default 0 32 96 inf',
        )
        parser.add_argument('--score', choices=['AP', 'AP50'], default='AP')
    if kind == 'confusion':
        parser.add_argument('--score-thr', type=float, default=0.3)
        parser.add_argument('--iou-thr', type=float, default=0.5)


def add_photo_arguments(parser: argparse.ArgumentParser, kind: str) -> None:
    """Add the arguments of a figure of pictures."""
    parser.add_argument(
        '--num',
        type=positive,
        default=2 if kind == 'masking' else 4,
        help='pictures, drawn at random',
    )
    parser.add_argument('--seed', type=int, default=0, help='of that draw')
    if kind != 'canvases':
        parser.add_argument(
            '--images', nargs='+', default=[], help='these ones instead'
        )
    if kind != 'masking':
        parser.add_argument(
            '--columns', type=positive, default=2, help='pictures in a row'
        )
    if kind == 'detections':
        parser.add_argument('--score-thr', type=float, default=0.3)


def draw_results(args: argparse.Namespace) -> 'Drawing':
    """Draw the figure of a command line."""
    from mmhcm.apis.plots.result_figures import (
        confusion_figure,
        detections_figure,
        errors_figure,
        read_results,
        sizes_figure,
    )

    if args.kind == 'detections':
        return detections_figure(
            args.results[0],
            f'{args.data_root}/images',
            args.num,
            args.seed,
            args.images,
            args.score_thr,
            args.columns,
            args.width,
        )
    names = getattr(args, 'names', None)
    results = read_results(args.results, args.data_root, names, args.sizes)
    if args.kind == 'errors':
        return errors_figure(results, args.width, not args.class_mean)
    if args.kind == 'ap':
        return sizes_figure(results, args.width, args.edges, args.score)
    (images,) = results.values()
    return confusion_figure(images, args.width, args.score_thr, args.iou_thr)
