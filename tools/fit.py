"""Run ``mmhcm fit``; see ``mmhcm.cli.fit``."""

import sys

from mmhcm.cli.fit import main

if __name__ == '__main__':
    sys.exit(main())
