"""Run ``mmhcm analyze``; see ``mmhcm.cli.analyze``."""

import sys

from mmhcm.cli.analyze import main

if __name__ == '__main__':
    sys.exit(main())
