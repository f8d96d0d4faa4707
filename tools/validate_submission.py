"""Run ``mmhcm validate_submission``; see ``mmhcm.cli.validate_submission``."""

import sys

from mmhcm.cli.validate_submission import main

if __name__ == '__main__':
    sys.exit(main())
