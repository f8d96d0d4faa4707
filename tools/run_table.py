"""Run ``mmhcm run_table``; see ``mmhcm.cli.run_table``."""

import sys

from mmhcm.cli.run_table import main

if __name__ == '__main__':
    sys.exit(main())
