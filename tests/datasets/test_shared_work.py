import pytest

from mmhcm.datasets import on_main_process, shared_work
from mmhcm.datasets.shared_work import MainProcessError


def test_one_process_acts_itself():
    value = {'a': 1}
    assert on_main_process(lambda: value) is value

    def fail():
        raise KeyError('x')

    with pytest.raises(KeyError):
        on_main_process(fail)


@pytest.mark.parametrize('message', ['no\n space', ''])
def test_the_others_fail_with_the_main_process(monkeypatch, message):
    sent = []
    monkeypatch.setattr(
        shared_work,
        'broadcast_object_list',
        lambda outcome: sent.append(list(outcome)),
    )

    def fail():
        raise OSError(message)

    with pytest.raises(OSError, match=message):
        on_main_process(fail)
    assert sent == [[None, 'no space' if message else 'OSError']]

    def receive(outcome):
        outcome[:] = sent[0]

    monkeypatch.setattr(shared_work, 'is_main_process', lambda: False)
    monkeypatch.setattr(shared_work, 'broadcast_object_list', receive)
    with pytest.raises(MainProcessError, match=r'rank 0: (no space|OSError)'):
        on_main_process(fail)
    sent[0] = [7, None]
    assert on_main_process(fail) == 7
