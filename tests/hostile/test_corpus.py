"""The corpus itself: as large as was asked for, and no value twice among those of its kind."""

from collections import Counter

from tests.hostile.corpus import CORPUS

WANTED = 500


def test_the_corpus_holds_at_least_five_hundred_values():
    assert len({repr(value) for values in CORPUS.values() for value in values}) >= WANTED


def test_no_value_is_there_twice_among_those_of_its_kind():
    for kind, values in CORPUS.items():
        counts = Counter(map(repr, values))

        assert [(kind, text[:80]) for text, count in counts.items() if count > 1] == []


def test_every_kind_has_several_values():
    assert all(len(values) >= 10 for values in CORPUS.values())
