"""Run ``mmhcm report``; see ``mmhcm.cli.report``."""

import sys

from mmhcm.cli.report import main

if __name__ == '__main__':
    sys.exit(main())
