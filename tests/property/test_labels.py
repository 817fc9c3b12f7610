"""Labels: every number has its own, every label its number, and a slip of the pen is no label."""

from hypothesis import given
from hypothesis import strategies as st

from sensing.registry import labels

SITES = st.text(labels.ALPHABET, min_size=8, max_size=8)
NUMBERS = st.integers(1, labels.MOST - 1)


@given(SITES, NUMBERS)
def test_a_label_leads_back_to_its_number(site, uid):
    """In capitals, with a hyphen, with letters that look like digits."""
    text = labels.label(site, uid)
    assert len(text) == 8
    assert labels.number(site, text) == uid
    assert labels.number(site, f"{text[:4]}-{text[4:]}".upper().replace("0", "O").replace("1", "I")) == uid
    assert labels.of_urn(labels.urn(site, uid)) == (site, text)


@given(SITES, NUMBERS, st.integers(0, 7), st.sampled_from(labels.ALPHABET))
def test_one_wrong_character_always_shows(site, uid, place, sign):
    text = labels.label(site, uid)
    wrong = text[:place] + sign + text[place + 1 :]
    assert wrong == text or labels.number(site, wrong) is None


@given(SITES, NUMBERS, st.integers(0, 6))
def test_two_swapped_characters_always_show(site, uid, place):
    text = labels.label(site, uid)
    wrong = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert wrong == text or labels.number(site, wrong) is None


@given(st.text(max_size=12))
def test_any_text_is_a_label_or_is_not(text):
    found = labels.number("7k3m9qwx", text)
    assert found is None or labels.label("7k3m9qwx", found) == text.replace("-", "").lower().translate(
        str.maketrans("oil", "011")
    )


def test_neighbours_do_not_look_alike():
    """Ten thousand numbers in a row: as many labels, and their first characters are spread."""
    found = {labels.label("7k3m9qwx", uid) for uid in range(1, 10_001)}
    assert len(found) == 10_000
    assert len({text[:2] for text in found}) > 400
