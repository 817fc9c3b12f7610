"""A position that a later check doubts leaves what was found of its ship, and comes back when it is good again."""

import pytest

from sensing.model import Quality, QualityReason
from sensing.store.events import Seen
from sensing.store.ships import as_served
from sensing.store.verdicts import Opinion, Verdicts
from sensing.times import MINUTE
from tests.ship_story import Port, said
from tests.vessel_story import WindStory

SHIP = 477_100_001
T = WindStory(hours=21, arrives_h=1.5, pilot_h=2).begin
JUMP = (int(Quality.SUSPECT), QualityReason.JUMP)


@pytest.fixture
def port(tmp_path):
    made = Port(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("minute", [3, 7])
def test_a_position_that_is_doubted_later_is_taken_out_and_put_back(port, minute):
    """One in the middle and the newest one alike: kept positions are the good ones that are served."""
    port.hear([said(SHIP, T + at * MINUTE, 117.6, 23.5 + at / 1000, 4.0, 0) for at in range(8)])
    series, time = port.db.execute("SELECT ship, time FROM fixes ORDER BY time LIMIT 1 OFFSET ?", (minute,)).get
    maritime, verdicts = port.work.store._hot.maritime, Verdicts(port.db)
    kept = port.db.execute("SELECT time, lat FROM fixes ORDER BY time").fetchall()
    for verdict, left in ((JUMP, [fix for fix in kept if fix[0] != time]), (None, kept)):
        changed = verdicts.set([Opinion(series, time, "jump", verdict)], 99)
        assert changed == [(series, time)]
        maritime.look(as_served(port.db, changed, Seen(time, time, 1, "")))
        assert port.db.execute("SELECT time, lat FROM fixes ORDER BY time").fetchall() == left
