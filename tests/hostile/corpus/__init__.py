"""Hostile values for everything that comes from outside, by kind. Data only: the tests say what is to become of it."""

from typing import Any

from tests.hostile.corpus.addresses import ADDRESSES
from tests.hostile.corpus.answers import ANSWERS, BOMBS
from tests.hostile.corpus.batches import PARTS
from tests.hostile.corpus.bodies import BODIES
from tests.hostile.corpus.headers import RETRY_AFTERS, RETRY_AFTERS_OF_A_PART
from tests.hostile.corpus.ids import ETAGS, IDS
from tests.hostile.corpus.links import LINKS
from tests.hostile.corpus.moments import MOMENTS, SPANS
from tests.hostile.corpus.people import PEOPLE
from tests.hostile.corpus.texts import TEXTS
from tests.hostile.corpus.tokens import CLAIMS, CONFIGURATIONS, TOKENS
from tests.hostile.corpus.types import TYPES
from tests.hostile.corpus.zones import ZONES

CORPUS: dict[str, tuple[Any, ...]] = {
    "addresses": ADDRESSES,
    "answers": ANSWERS,
    "bodies": BODIES,
    "bombs": BOMBS,
    "claims": CLAIMS,
    "configurations": CONFIGURATIONS,
    "etags": ETAGS,
    "ids": IDS,
    "links": LINKS,
    "moments": MOMENTS,
    "parts of a batch": PARTS,
    "people": PEOPLE,
    "spans": SPANS,
    "texts": TEXTS,
    "times to wait": RETRY_AFTERS + RETRY_AFTERS_OF_A_PART,
    "tokens": TOKENS,
    "types": TYPES,
    "zones": ZONES,
}
