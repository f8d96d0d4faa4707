"""Run ``mmhcm ensemble``; see ``mmhcm.cli.ensemble``."""

import sys

from mmhcm.cli.ensemble import main

if __name__ == '__main__':
    sys.exit(main())
