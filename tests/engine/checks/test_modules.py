import pytest
from mmdet.models.backbones import ResNet
from torch import nn

from mmhcm.engine.checks.modules import check_enhanced_stages, needed_meta_keys
from mmhcm.models import FocusRPNHead

ENHANCE = {'type': 'SpatialGroupEnhance', 'groups': 4}


def resnet(stages, frozen_stages):
    plugin = {'cfg': ENHANCE, 'stages': stages, 'position': 'after_conv3'}
    return ResNet(
        50,
        base_channels=4,
        stem_channels=4,
        frozen_stages=frozen_stages,
        plugins=[plugin],
    )


ALL, BUT_FIRST = (True, True, True, True), (False, True, True, True)


@pytest.mark.parametrize(
    ('stages', 'frozen_stages'), [(ALL, -1), (ALL, 0), (BUT_FIRST, 1)]
)
def test_enhanced_stages_that_learn(stages, frozen_stages):
    check_enhanced_stages(resnet(stages, frozen_stages))


@pytest.mark.parametrize(
    ('stages', 'frozen_stages', 'name'),
    [(ALL, 1, 'layer1.0.sge'), (BUT_FIRST, 2, 'layer2.0.sge')],
)
def test_a_frozen_stage_keeps_no_initial_attention(
    stages, frozen_stages, name
):
    net = nn.Sequential(resnet(stages, frozen_stages))
    with pytest.raises(ValueError, match=f'plugins: .* in 0.{name} is frozen'):
        check_enhanced_stages(net)


def test_learned_attention_may_be_frozen():
    net = resnet(ALL, 1)
    for name, part in net.named_modules():
        if name.endswith('sge'):
            part.weight.data.fill_(0.1)
    check_enhanced_stages(net)


def test_focus_pixels_need_counted_objects():
    head = FocusRPNHead(in_channels=8, feat_channels=8)
    assert needed_meta_keys(nn.Sequential(head)) == ('ignored_but_counted',)
    assert needed_meta_keys(resnet(ALL, -1)) == ()
