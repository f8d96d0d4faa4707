"""Run ``mmhcm browse``; see ``mmhcm.cli.browse``."""

import sys

from mmhcm.cli.browse import main

if __name__ == '__main__':
    sys.exit(main())
