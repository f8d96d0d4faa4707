"""Run ``mmhcm plot``; see ``mmhcm.cli.plot``."""

import sys

from mmhcm.cli.plot import main

if __name__ == '__main__':
    sys.exit(main())
