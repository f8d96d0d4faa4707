"""Run ``mmhcm predict``; see ``mmhcm.cli.predict``."""

import sys

from mmhcm.cli.predict import main

if __name__ == '__main__':
    sys.exit(main())
