"""Arguments and drawing of figures that need a config."""

import argparse
from typing import TYPE_CHECKING

from .arguments import add_annotation_arguments, add_config_arguments

if TYPE_CHECKING:
    from mmhcm.visualization.figures import Drawing


def add_plot_arguments(parser: argparse.ArgumentParser, kind: str) -> None:
    """Add the arguments of a figure of a config."""
    add_config_arguments(parser)
    if kind in ('counts', 'sizes'):
        add_annotation_arguments(parser)
    if kind == 'counts':
        parser.add_argument(
            '--canvases',
            type=int,
            metavar='NUM',
            help='canvases whose chips are the augmented ones; by default '
            'those of a mining round, 0 for none',
        )
    if kind == 'masking':
        parser.add_argument(
            '--external', action='store_true', help='external images'
        )
    if kind == 'detections':
        parser.add_argument('--checkpoint', required=True, help='weights')


def draw_config(args: argparse.Namespace) -> 'Drawing':
    """Draw the figure of a command line."""
    from mmhcm.apis.data import chosen_training_data
    from mmhcm.apis.plots.data_figures import (
        canvases_figure,
        counts_figure,
        masking_figure,
        object_sizes_figure,
    )
    from mmhcm.apis.plots.detection_figures import checkpoint_figure
    from mmhcm.engine.checkpoints import existing_checkpoint
    from mmhcm.engine.launching import load_config

    cfg = load_config(args)
    if args.kind == 'canvases':
        return canvases_figure(
            cfg, args.num, args.seed, args.columns, args.width
        )
    if args.kind == 'masking':
        return masking_figure(
            cfg, args.num, args.seed, args.images, args.external, args.width
        )
    if args.kind == 'detections':
        return checkpoint_figure(
            cfg,
            existing_checkpoint(args.checkpoint),
            args.num,
            args.seed,
            args.images,
            args.score_thr,
            args.columns,
            args.width,
        )
    dataset = chosen_training_data(cfg, args)
    if args.kind == 'sizes':
        return object_sizes_figure(cfg, dataset, args.width)
    return counts_figure(cfg, dataset, args.canvases, args.width)
