# On normal chips, with the method's schedule; ../hcm/ adds hard chips.
_base_ = [
    '_base_/models/retinanet_r50_fpn.py',
    '../_base_/datasets/visdrone_chips.py',
    '../_base_/schedules/schedule_24e.py',
    '../_base_/default_runtime.py',
]

# Fitted by tools/fit.py --keep-windows --anchor-scales 3 to the 6,471 training
# annotations, in network-input pixels of these chips.
model = dict(
    bbox_head=dict(
        anchor_generator=dict(
            _delete_=True,
            type='AnchorGenerator',
            scales=[3.6, 4.72, 6.08],
            ratios=[0.53, 1.05, 2.05],
            strides=[8, 16, 32, 64, 128],
        )
    )
)
optim_wrapper = dict(optimizer=dict(lr=0.01))
