"""Run ``mmhcm export_onnx``; see ``mmhcm.cli.export_onnx``."""

import sys

from mmhcm.cli.export_onnx import main

if __name__ == '__main__':
    sys.exit(main())
