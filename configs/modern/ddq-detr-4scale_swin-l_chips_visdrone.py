# DDQ-DETR with Swin-L on normal chips.
_base_ = [
    '_base_/models/ddq-detr-4scale_swin-l.py',
    '_base_/visdrone_chips_in-windows.py',
    '../_base_/schedules/schedule_24e.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = _base_.ddq_optimizer
