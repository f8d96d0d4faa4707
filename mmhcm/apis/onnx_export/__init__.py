"""Export of detectors to ONNX."""

from .exporting import OnnxExport, export_onnx

__all__ = ['OnnxExport', 'export_onnx']
