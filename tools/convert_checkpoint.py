"""Run ``mmhcm convert_checkpoint``; see ``mmhcm.cli.convert_checkpoint``."""

import sys

from mmhcm.cli.convert_checkpoint import main

if __name__ == '__main__':
    sys.exit(main())
