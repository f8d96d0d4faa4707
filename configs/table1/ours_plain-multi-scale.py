# The same at many scales, merged without the scales' valid ranges: the
# paper's plain multi-scale test.
_base_ = 'ours.py'

tta_pipeline = _base_.tta_pipeline
tta_pipeline[1].use_valid_ranges = False
