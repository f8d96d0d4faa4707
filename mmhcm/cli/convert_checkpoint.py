"""Convert a checkpoint with foreign objects to one that loads safely.

Unpickling the input runs any program in it; --trust allows that.
Weights, classes, epoch and iteration are kept.
"""

import argparse
import sys
from collections.abc import Sequence

from mmhcm.engine.checkpoints import convert_checkpoint

from .user_errors import report_user_errors


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog='mmhcm convert_checkpoint', description=__doc__
    )
    parser.add_argument('source', help="checkpoint, such as MMDetection's own")
    parser.add_argument('out', help='the checkpoint to write')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='run any program in the input',
    )
    return parser.parse_args(argv)


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


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the arguments, convert, and return the exit status."""
    args = parse_args(argv)
    return report_user_errors(lambda: run(args))


if __name__ == '__main__':
    sys.exit(main())
