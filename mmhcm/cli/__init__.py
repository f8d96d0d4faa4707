"""Commands of the package: ``mmhcm NAME`` or ``python -m mmhcm.cli.NAME``."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

#: Modules of this package that are commands.
COMMANDS = (
    *('init', 'train', 'test', 'predict', 'submit', 'evaluate'),
    *('validate_submission', 'ensemble', 'run_table', 'fit', 'analyze'),
    *('browse', 'export', 'plot', 'report', 'mmdet_tool', 'export_onnx'),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names.

    Args:
        argv: Name and arguments of the command. Defaults to None, the
            arguments of the process.

    Returns:
        The exit status.
    """
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(
        prog='mmhcm',
        description='Hard chip mining for aerial object detection.',
        epilog='mmhcm COMMAND --help lists the arguments of a command\n\n'
        'example:\n  mmhcm train '
        'configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('command', choices=COMMANDS)
    name = parser.parse_args(argv[:1]).command
    # Only the named command, because most commands take seconds to import.
    return import_module(f'{__name__}.{name}').main(argv[1:])
