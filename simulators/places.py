"""Where the demo's gauges stand. Rivers, towns and coast are real, positions good to about a kilometre; the stations are invented.

Ten groups of five: each group reports through one gateway. Names are Chinese and English; county: GB/T 2260.
Catchment areas are rough, gathered from memory of maps; they only set how fast and how high a gauge answers rain.
"""

from __future__ import annotations

from typing import NamedTuple


class RiverPlace(NamedTuple):
    """lat, lon: WGS 84 degrees. area: catchment, km2. upstream: bearing towards the middle of the catchment, degrees."""

    zh: str
    en: str
    county: str
    lat: float
    lon: float
    area: float
    upstream: float


class TidePlace(NamedTuple):
    """lat, lon: WGS 84 degrees. factor: tidal range against the bay's. delay: of high water against the bay's, minutes. mean: level, m."""

    zh: str
    en: str
    county: str
    lat: float
    lon: float
    factor: float
    delay: float
    mean: float


class Group(NamedTuple):
    """Gauges that report through one gateway."""

    zh: str
    en: str
    places: tuple[RiverPlace | TidePlace, ...]


COUNTIES = {
    "350203": "思明 Siming",
    "350205": "海沧 Haicang",
    "350206": "湖里 Huli",
    "350211": "集美 Jimei",
    "350212": "同安 Tong'an",
    "350213": "翔安 Xiang'an",
    "350602": "芗城 Xiangcheng",
    "350603": "龙文 Longwen",
    "350604": "龙海 Longhai",
    "350605": "长泰 Changtai",
    "350622": "云霄 Yunxiao",
    "350623": "漳浦 Zhangpu",
    "350624": "诏安 Zhao'an",
    "350626": "东山 Dongshan",
    "350627": "南靖 Nanjing",
    "350628": "平和 Pinghe",
    "350629": "华安 Hua'an",
    "350802": "新罗 Xinluo",
    "350881": "漳平 Zhangping",
}

GROUPS = (
    Group("九龙江北溪上游", "Jiulong North Branch, upper", (
        RiverPlace("雁石", "Yanshi", "350802", 25.23, 117.17, 1000, 240),
        RiverPlace("漳平", "Zhangping", "350881", 25.29, 117.42, 4800, 280),
        RiverPlace("新桥", "Xinqiao", "350881", 25.42, 117.50, 600, 20),
        RiverPlace("华安", "Hua'an", "350629", 25.01, 117.54, 6600, 320),
        RiverPlace("新圩", "Xinxu", "350629", 24.90, 117.56, 7200, 325),
    )),
    Group("九龙江北溪下游", "Jiulong North Branch, lower", (
        RiverPlace("丰山", "Fengshan", "350629", 24.71, 117.65, 8000, 330),
        RiverPlace("浦南", "Punan", "350602", 24.62, 117.68, 8490, 330),
        RiverPlace("岩溪", "Yanxi", "350605", 24.72, 117.77, 250, 20),
        RiverPlace("长泰", "Changtai", "350605", 24.625, 117.755, 480, 20),
        RiverPlace("江东", "Jiangdong", "350603", 24.53, 117.79, 9400, 330),
    )),
    Group("九龙江西溪上游", "Jiulong West Branch, upper", (
        RiverPlace("船场", "Chuanchang", "350627", 24.58, 117.21, 350, 280),
        RiverPlace("龙山", "Longshan", "350627", 24.66, 117.31, 500, 330),
        RiverPlace("和溪", "Hexi", "350627", 24.82, 117.20, 150, 340),
        RiverPlace("山城", "Shancheng", "350627", 24.517, 117.357, 960, 285),
        RiverPlace("靖城", "Jingcheng", "350627", 24.55, 117.46, 1700, 295),
    )),
    Group("花山溪", "Huashan Stream", (
        RiverPlace("南胜", "Nansheng", "350628", 24.25, 117.40, 180, 200),
        RiverPlace("坂仔", "Banzai", "350628", 24.30, 117.28, 300, 230),
        RiverPlace("小溪", "Xiaoxi", "350628", 24.366, 117.314, 450, 225),
        RiverPlace("山格", "Shange", "350628", 24.42, 117.36, 700, 225),
        RiverPlace("文峰", "Wenfeng", "350628", 24.46, 117.43, 850, 225),
    )),
    Group("九龙江西溪下游", "Jiulong West Branch, lower", (
        RiverPlace("天宝", "Tianbao", "350602", 24.54, 117.57, 3200, 280),
        RiverPlace("郑店", "Zhengdian", "350602", 24.515, 117.59, 3420, 280),
        RiverPlace("漳州中山桥", "Zhangzhou Zhongshan Bridge", "350602", 24.503, 117.65, 3600, 280),
        RiverPlace("西溪桥闸", "West Branch Barrage", "350604", 24.485, 117.72, 3800, 280),
        RiverPlace("九十九湾", "Jiushijiu Bay", "350603", 24.51, 117.72, 60, 340),
    )),
    Group("南溪与龙海", "South Stream and Longhai", (
        RiverPlace("程溪", "Chengxi", "350604", 24.37, 117.60, 120, 240),
        RiverPlace("九湖", "Jiuhu", "350604", 24.45, 117.65, 60, 220),
        RiverPlace("白水", "Baishui", "350604", 24.33, 117.82, 300, 230),
        RiverPlace("东园", "Dongyuan", "350604", 24.38, 117.84, 450, 230),
        RiverPlace("港尾", "Gangwei", "350604", 24.315, 117.995, 50, 240),
    )),
    Group("九龙江口", "Jiulong Estuary", (
        TidePlace("石码", "Shima", "350604", 24.447, 117.815, 0.80, 55, 3.95),
        TidePlace("紫泥", "Zini", "350604", 24.455, 117.865, 0.86, 42, 3.88),
        TidePlace("浮宫", "Fugong", "350604", 24.405, 117.905, 0.90, 35, 3.82),
        TidePlace("海门岛", "Haimen Island", "350604", 24.413, 117.945, 0.95, 20, 3.76),
        TidePlace("海沧", "Haicang", "350205", 24.445, 118.03, 0.98, 8, 3.72),
    )),
    Group("厦门湾", "Xiamen Bay", (
        TidePlace("鼓浪屿", "Gulangyu", "350203", 24.446, 118.068, 1.00, 0, 3.70),
        TidePlace("东渡", "Dongdu", "350206", 24.490, 118.075, 1.01, 4, 3.70),
        TidePlace("高崎", "Gaoqi", "350206", 24.555, 118.110, 1.03, 12, 3.71),
        TidePlace("五通", "Wutong", "350206", 24.515, 118.195, 1.02, 6, 3.70),
        TidePlace("刘五店", "Liuwudian", "350213", 24.560, 118.230, 1.03, 9, 3.71),
    )),
    Group("同安集美", "Tong'an and Jimei", (
        RiverPlace("汀溪", "Tingxi", "350212", 24.80, 118.14, 100, 340),
        RiverPlace("同安西溪", "Tong'an West Stream", "350212", 24.735, 118.145, 350, 320),
        RiverPlace("同安东溪", "Tong'an East Stream", "350212", 24.74, 118.165, 150, 20),
        RiverPlace("官浔溪", "Guanxun Stream", "350212", 24.69, 118.18, 80, 60),
        RiverPlace("后溪", "Houxi", "350211", 24.64, 118.03, 200, 320),
    )),
    Group("南部沿海", "Southern Coast", (
        RiverPlace("鹿溪", "Luxi", "350623", 24.12, 117.61, 550, 300),
        RiverPlace("漳江云霄", "Zhang River at Yunxiao", "350622", 23.955, 117.345, 540, 320),
        RiverPlace("诏安东溪", "Zhao'an East Stream", "350624", 23.715, 117.175, 950, 330),
        TidePlace("古雷", "Gulei", "350623", 23.79, 117.60, 0.62, -50, 2.40),
        TidePlace("东山铜陵", "Dongshan Tongling", "350626", 23.745, 117.53, 0.58, -60, 2.30),
    )),
)  # fmt: skip
