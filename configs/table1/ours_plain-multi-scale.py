# The same at many scales, merged without the scales' valid ranges: the
# paper's plain multi-scale test.
_base_ = 'ours.py'

tta_pipeline = _base_.tta_pipeline
tta_pipeline[1].transforms[0] = [
    dict(view, valid_range=None) for view in tta_pipeline[1].transforms[0]
]
