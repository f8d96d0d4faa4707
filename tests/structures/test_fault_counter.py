from mmhcm.structures.fault_counter import FaultCounter


def test_kinds_are_counted_with_their_first():
    counter = FaultCounter()
    counter.add('boxes', 'a.txt:3')
    counter.add('rows', 'b.txt:1', 0)
    counter.add('files', 'c.txt', 2)
    counter.add('boxes', 'd.txt:4', 3)
    assert counter.lines() == [
        '4 boxes; the first: a.txt:3',
        '2 files; the first: c.txt',
    ]
    assert counter.lines({'boxes': 'left out'}) == [
        '4 boxes, left out; the first: a.txt:3',
        '2 files; the first: c.txt',
    ]


def test_no_faults_give_no_lines():
    assert FaultCounter().lines() == []
