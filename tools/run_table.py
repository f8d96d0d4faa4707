"""Train, test and tabulate the rows of a table, resuming what was begun."""

import argparse
import sys

from mmhcm.apis.tables import add_table_arguments, run_table
from mmhcm.engine.launching import report_mistakes


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_table_arguments(parser)
    return parser.parse_args()


def main() -> int:
    """Run the rows; 1 if one of them failed, or for a user's mistake."""
    args = parse_args()
    return report_mistakes(lambda: run_table(args))


if __name__ == '__main__':
    sys.exit(main())
