"""Run ``mmhcm mmdet_tool``; see ``mmhcm.cli.mmdet_tool``."""

import sys

from mmhcm.cli.mmdet_tool import main

if __name__ == '__main__':
    sys.exit(main())
