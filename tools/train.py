"""Run ``mmhcm train``; see ``mmhcm.cli.train``."""

import sys

from mmhcm.cli.train import main

if __name__ == '__main__':
    sys.exit(main())
