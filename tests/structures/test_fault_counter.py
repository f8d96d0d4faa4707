from mmhcm.structures.fault_counter import Tally


def test_kinds_are_counted_with_their_first():
    tally = Tally()
    tally.add('boxes', 'a.txt:3')
    tally.add('rows', 'b.txt:1', 0)
    tally.add('files', 'c.txt', 2)
    tally.add('boxes', 'd.txt:4', 3)
    assert tally.lines() == [
        '4 boxes; the first: a.txt:3',
        '2 files; the first: c.txt',
    ]
    assert tally.lines({'boxes': 'left out'}) == [
        '4 boxes, left out; the first: a.txt:3',
        '2 files; the first: c.txt',
    ]


def test_nothing_is_nothing_to_say():
    assert Tally().lines() == []
