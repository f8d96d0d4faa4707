"""Arguments that commands share; the module does not import PyTorch."""

import argparse
from collections.abc import Sequence
from typing import Any

from mmhcm.config_files import SCOPE
from mmhcm.structures.choices import LAUNCHERS


def command_parser(
    name: str, description: str | None, example: str
) -> argparse.ArgumentParser:
    """Build the parser of a command, whose help ends with an example.

    Args:
        name: The command.
        description: Purpose of the command.
        example: Words after ``mmhcm`` and the name of the command.
    """
    return argparse.ArgumentParser(
        prog=f'mmhcm {name}',
        description=description,
        epilog=f'example:\n  mmhcm {name} {example}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that every command with a config has."""
    parser.add_argument(
        'config', help=f'config file, or {SCOPE}NAME for one of the package'
    )
    parser.add_argument('--work-dir', help='folder of logs and checkpoints')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        help='override config values: key=value, nested keys with dots; '
        'paths below data_root, external_root and cache_dir follow them',
    )
    parser.add_argument(
        '--launcher',
        choices=LAUNCHERS,
        default='none',
        help='how several processes are started',
    )
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help='set by torch.distributed.launch',
    )


def add_mode_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a test mode instead of the whole image at once."""
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument(
        '--tta', action='store_true', help="test at the config's many scales"
    )
    modes.add_argument(
        '--slices',
        action='store_true',
        help="test in the config's slices, for images of any size",
    )
    modes.add_argument(
        '--focus',
        action='store_true',
        help='test at finer scales only where the detector finds small '
        'objects (AutoFocus)',
    )


def add_annotation_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that replace images by bare annotations."""
    parser.add_argument(
        '--annotations',
        help="folder or tar of VisDrone annotations, in place of the config's "
        'images',
    )
    parser.add_argument(
        '--sizes',
        help='table name,width,height for --annotations; by default sizes '
        "are those of the config's images, or what the boxes reach",
    )


class ConfigOptions(argparse.Action):
    """Action for ``key=value``, whose code is imported on first use."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Add the values to those of the namespace, as a dict."""
        from mmhcm.engine.launching import ConfigAction

        action = ConfigAction(self.option_strings, self.dest, nargs=self.nargs)
        action(parser, namespace, values, option_string)
