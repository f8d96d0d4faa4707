# Objects out of a chip's valid range are learned, not ignored.
_base_ = 'cpu_chips_hard.py'

train_dataloader = dict(dataset=dict(ignore_out_of_range=False))
