# Faster R-CNN with FPN whose anchors and proposals are assigned by the
# normalised Wasserstein distance instead of IoU, for tiny objects.
_base_ = '../../../baselines/_base_/models/faster-rcnn_r50_fpn.py'

# Mean sqrt(area) of the 343,204 training objects, source pixels. On the chips
# of ../../../_base_/datasets/visdrone_chips.py it is 54 network-input pixels.
nwd = dict(type='NormalizedWassersteinDistance', constant=36.0)
model = dict(
    train_cfg=dict(
        rpn=dict(assigner=dict(iou_calculator=nwd)),
        rcnn=dict(assigner=dict(iou_calculator=nwd)),
    )
)
