"""Run ``mmhcm test``; see ``mmhcm.cli.test``."""

import sys

from mmhcm.cli.test import main

if __name__ == '__main__':
    sys.exit(main())
