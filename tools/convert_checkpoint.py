"""Make a checkpoint that holds foreign objects plain, so that it loads safely.

The input must be trusted: unpickling it runs whatever program it holds. Say
so by --trust. Weights, classes, epoch and iteration are kept.
"""

import argparse
import sys

from mmhcm.engine.checkpoints import convert_checkpoint
from mmhcm.engine.launching import report_mistakes


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help="checkpoint, such as MMDetection's own")
    parser.add_argument('out', help='the checkpoint to write')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='the input comes from somebody who may run programs here',
    )
    return parser.parse_args()


def run(args: argparse.Namespace) -> int:
    """Convert."""
    if not args.trust:
        raise ValueError(
            f'{args.source} is not converted: that would run whatever '
            'program it holds; add --trust if you trust whom it comes from'
        )
    print(f'trusting {args.source}: it may run programs while it is loaded')
    done = convert_checkpoint(args.source, args.out)
    classes = done.meta.get('dataset_meta', {}).get('classes', ())
    print(
        f'{args.out}: {done.num_weights} weights, {len(classes)} classes, '
        f'epoch {done.meta.get("epoch", "unknown")}; left out: '
        f'{", ".join(done.left_out) or "nothing"}'
    )
    return 0


def main() -> int:
    """Convert; 1 for a user's mistake."""
    args = parse_args()
    return report_mistakes(lambda: run(args))


if __name__ == '__main__':
    sys.exit(main())
