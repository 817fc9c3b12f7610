from hypothesis import given
from hypothesis import strategies as st

from sensing.registry.recent import Recent


@given(st.lists(st.tuples(st.sampled_from("gpd"), st.integers(0, 30)), max_size=300), st.integers(1, 12))
def test_a_bounded_memory_never_lies_and_never_grows(steps, capacity):
    """Whatever is asked, put and dropped: what it remembers is the last that was put, and never more than its capacity."""
    recent, truth = Recent(capacity), {}
    for serial, (step, key) in enumerate(steps, 1):
        if step == "p":
            recent.put(key, serial)
            truth[key] = serial
        elif step == "d":
            recent.drop(key)
            truth.pop(key, None)
        else:
            assert recent.get(key) in (None, truth.get(key))
        assert len(recent) <= max(2, capacity)
        if step == "p":
            assert recent.get(key) == serial


def test_what_is_used_stays():
    recent = Recent(10)
    recent.put("hot", 1)
    for number in range(100):
        recent.put(number, number)
        assert recent.get("hot") == 1
    recent.clear()
    assert len(recent) == 0
    assert recent.get("hot") is None
