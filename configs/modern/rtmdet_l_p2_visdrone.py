# RTMDet-l with a level of stride 4 on whole images.
_base_ = [
    '_base_/models/rtmdet_l_p2.py',
    '_base_/visdrone_whole-images.py',
    '../_base_/schedules/schedule_24e.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = _base_.rtmdet_optimizer
train_dataloader = dict(batch_size=_base_.rtmdet_batch_size)
