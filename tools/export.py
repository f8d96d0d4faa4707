"""Run ``mmhcm export``; see ``mmhcm.cli.export``."""

import sys

from mmhcm.cli.export import main

if __name__ == '__main__':
    sys.exit(main())
