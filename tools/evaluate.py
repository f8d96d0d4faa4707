"""Run ``mmhcm evaluate``; see ``mmhcm.cli.evaluate``."""

import sys

from mmhcm.cli.evaluate import main

if __name__ == '__main__':
    sys.exit(main())
