# MMDetection's figures too, as coco/bbox_mAP and so on. They take at most 100
# detections a class and image and know no ignored regions; they are not the
# challenge's, and visdrone/AP stays what the best checkpoint is chosen by.
_base_ = 'faster-rcnn_r101_fpn_hcm_visdrone.py'

val_evaluator = [
    dict(type='VisDroneMetric'),
    dict(type='CocoMetric', metric='bbox', proposal_nums=(1, 10, 100)),
]
test_evaluator = val_evaluator
