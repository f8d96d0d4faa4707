"""Run ``mmhcm fit_anchors``; see ``mmhcm.cli.fit_anchors``."""

import sys

from mmhcm.cli.fit_anchors import main

if __name__ == '__main__':
    sys.exit(main())
