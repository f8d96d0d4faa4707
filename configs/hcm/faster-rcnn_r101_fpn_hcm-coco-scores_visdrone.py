# MMDetection's scores too, as coco/bbox_mAP and so on. They count at most 100
# detections a class and image and have no ignored regions, unlike the
# challenge's; the best checkpoint is still chosen by visdrone/AP.
_base_ = 'faster-rcnn_r101_fpn_hcm_visdrone.py'

val_evaluator = [
    dict(type='VisDroneMetric'),
    dict(type='CocoMetric', metric='bbox', proposal_nums=(1, 10, 100)),
]
test_evaluator = val_evaluator
