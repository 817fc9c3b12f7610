"""A leak at a berth where a tanker with declared cargo works, told through the bytes of monitors and receivers: who is to leeward is told, nobody else."""

import re
from contextlib import asynccontextmanager
from dataclasses import replace

import adapters
from sensing.access import Role
from sensing.model import Frame, Source
from sensing.paths import config_dir
from sensing.registry import DeviceForm
from sensing.things import load_types
from sensing.times import HOUR, MINUTE
from simulators import said
from simulators.city import City, build_city
from simulators.story import open_story
from simulators.vessels import build_traffic
from simulators.vessels.agents import cargo_list
from tests.house import TESTER, House
from tests.ship_story import ULSAN

RUN, SEED = "leak-1", 7
SCENARIO = config_dir() / "storms" / "gulei-leak.toml"
BERTH_MONITOR, WORKS_MONITOR = "city-voc-0001", "city-voc-0003"


def scenario(tmp_path, **changed):
    """The shipped scenario with other numbers; leak=None cuts that table out."""
    text = SCENARIO.read_text("utf-8")
    if changed.pop("leak", True) is None:
        text = re.sub(r"(?s)\[leak\].*?(?=\[ships\])", "", text)
    for key, value in changed.items():
        text, found = re.subn(rf"(?m)^{key} = .*", f"{key} = {value}", text)
        assert found == 1, key
    path = tmp_path / "leak.toml"
    path.write_text(text, "utf-8")
    return str(path)


@asynccontextmanager
async def played(folder, name, begin, end, *, declared=True):
    """A house that heard the VOC monitors and the tanker from begin to end, microseconds after the story's begin."""
    story = open_story(name, SEED)
    city, traffic = build_city(story, SEED, 150), build_traffic(story, SEED, 1)
    monitors = City(story, [voice for voice in city.voices if voice.group.kind == "voc"])
    house = House(folder, adapters.discover(), load_types())
    try:
        house.registry.start_run(RUN, origin="simulated", name="leak", actor=TESTER)
        for gateway in monitors.gateways:
            house.registry.register_principal(gateway, "gateway", "leak", origin="simulated", run=RUN, actor=TESTER)
        for receiver in traffic.gateways:
            house.registry.register_principal(receiver, "receiver", "leak", origin="simulated", run=RUN, actor=TESTER)
        forms = [*(each.form() for each in monitors.devices), *(each.form() for each in traffic.devices)]
        house.registry.register_devices([DeviceForm.read(form) for form in forms], actor=TESTER)
        if declared:
            taken = await house.ask(
                "POST", "/api/cargoes", role=Role.OPERATOR, params={"run": RUN}, content=cargo_list(traffic.calls()).encode()
            )
            assert (taken["bad"], taken["rows"][0]["un"]) == ([], 1301)
        begin, end = story.begin + begin, story.begin + end
        heard = [(each, monitors.encode(each)) for each in monitors.sayings(begin, end)]
        heard += [(each, traffic.encode(replace(each, meta=mine(each)))) for each in traffic.sayings(begin, end) if aboard(each)]
        house.log.append([
            Frame(Source(each.device.adapter, each.device.gateway, said.topic(each.device), "up", "simulated", RUN), each.time, body)
            for each, body in sorted(heard, key=lambda one: one[0].time) if body
        ])  # fmt: skip
        house.step()
        yield house
    finally:
        house.close()


def aboard(saying):
    """Leave of what a receiver heard the tanker; returns whether there is anything."""
    saying.readings[:] = [one for one in saying.readings if one.native == str(ULSAN)]
    return saying.readings or mine(saying)


def mine(saying):
    return [one for one in saying.meta if one.ship.mmsi == ULSAN]


async def events(house, **asked):
    return (await house.ask("GET", "/api/events", params={"run": RUN, **asked}))["items"]


async def test_a_leak_beside_the_tanker_is_told_to_leeward_and_is_one_incident_with_ship_and_works(tmp_path):
    """Gas at the quay, the ship that lies there and gas at the ethylene works are one incident, whose story names goods, berth and wind in both languages."""
    async with played(tmp_path / "house", scenario(tmp_path), 6 * HOUR + 30 * MINUTE, 8 * HOUR + 30 * MINUTE) as house:
        (goods,) = await events(house, kind="dangerous_goods")
        ship = await house.ask("GET", f"/api/events/{goods['id']}")  # hours before the leak, and asked for by itself
        assert ship["story"]["en"][1].startswith("ULSAN PIONEER (mmsi-440702000): dangerous goods at a berth")
        (gas,) = await events(house, kind="gas_downwind")
        assert (gas["device"], gas["property"], gas["severity"], gas["origin"]) == (BERTH_MONITOR, "nmhc", "danger", "simulated")
        told = await house.ask("GET", f"/api/events/{gas['id']}")
        assert told["incident"] == ship["incident"]
        whole = await house.ask("GET", f"/api/incidents/{told['incident']['id']}")
        assert {(row["kind"], row["device"]) for row in whole["members"]} >= {
            ("gas_downwind", BERTH_MONITOR), ("nmhc_high", BERTH_MONITOR), ("nmhc_high", WORKS_MONITOR),
            ("dangerous_goods", f"mmsi-{ULSAN}"),
        }  # fmt: skip
        assert told["incident"]["title"]["zh"].startswith("有害气体、危险货物（")
        assert told["incident"]["title"]["en"].startswith("Harmful gas, dangerous goods (")
        zh, en = "\n".join(told["story"]["zh"]), "\n".join(told["story"]["en"])
        assert re.search(r"当时风自 2\d\d°、\d\.\d m/s，此处在古雷港区南18#泊位下风向 0\.4 km", zh)
        assert "ULSAN PIONEER 靠泊古雷港区南18#泊位，申报载有 UN 1301 醋酸乙烯 vinyl acetate 3000 吨，来自 Busan" in zh
        assert re.search(r"The wind blew from 2\d\d degrees at \d\.\d m/s: this is to leeward of Gulei South 18#", en)
        assert "ULSAN PIONEER lies at Gulei South 18# and declared UN 1301" in en
        assert await events(house, run="live") == []


async def test_gas_from_upwind_of_the_berth_is_no_matter_of_the_berth(tmp_path):
    """A leak in the east that the wind carries over the quay to the tanker: the monitor is above its level, the berth is not to blame."""
    upwind = scenario(tmp_path, wind_from=58, lat=23.7771, lon=117.5848)
    async with played(tmp_path / "house", upwind, 5 * HOUR + 55 * MINUTE, 6 * HOUR + 35 * MINUTE) as house:
        (high,) = await events(house, kind="nmhc_high")
        assert (high["device"], high["severity"]) == (BERTH_MONITOR, "danger")
        assert high["peak"]["value"] > 10.0
        assert [row["kind"] for row in await events(house, kind="dangerous_goods")] == ["dangerous_goods"]
        assert await events(house, kind="gas_downwind") == []


async def test_without_a_leak_or_without_declared_goods_nothing_is_to_leeward(tmp_path):
    """The tanker alone, and gas beside a ship of which nobody said what it carries, are no such event."""
    async with played(tmp_path / "calm", scenario(tmp_path, leak=None), 6 * HOUR + 30 * MINUTE, 7 * HOUR) as house:
        assert {row["kind"] for row in await events(house)} == {"dangerous_goods"}
    async with played(tmp_path / "silent", scenario(tmp_path), 6 * HOUR + 30 * MINUTE, 7 * HOUR, declared=False) as house:
        assert {row["kind"] for row in await events(house)} == {"nmhc_high"}
