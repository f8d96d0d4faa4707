"""Run ``mmhcm submit``; see ``mmhcm.cli.submit``."""

import sys

from mmhcm.cli.submit import main

if __name__ == '__main__':
    sys.exit(main())
