"""Run ``mmhcm init``; see ``mmhcm.cli.init``."""

import sys

from mmhcm.cli.init import main

if __name__ == '__main__':
    sys.exit(main())
