"""Tables of sensing.units: what each unit is, and how people and SenML write it. Data only.

DEFINED: atom, number, expression of atoms above it (UCUM 2.2; byte is `B` as SenML writes it, for we have no bel alone).
ALIASES: spelling to UCUM code, for a whole unit. Case matters; FOLDED is asked last, without case.
PREFERRED: the unit in which a property without a table entry is kept, first of its dimension (RFC 8428 12.1 where it has one).
"""

from __future__ import annotations

BASE = ("m", "g", "s", "A", "K", "cd", "mol", "rad", "bit", "var", "{NTU}", "dB{A}", "dBm", "{Bft}")
"""Dimensions of their own. Turbidity, levels and forces on a scale never mix with plain numbers."""

PREFIXES = {"G": 9, "M": 6, "k": 3, "h": 2, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12}

METRIC = frozenset((
    "m", "g", "s", "A", "K", "cd", "mol", "rad", "L", "l", "t", "bar", "Pa", "N", "J", "W", "V", "Ohm", "S", "F", "H",
    "Hz", "Wb", "T", "Bq", "Gy", "Sv", "kat", "lm", "lx", "bit", "B", "By", "VA", "Wh", "var", "C",
))  # fmt: skip
"""Atoms that take a prefix."""

DEFINED = (
    ("1", "1", ""),
    ("10*", "10", ""),
    ("%", "0.01", ""),
    ("[ppth]", "1e-3", ""),
    ("[ppm]", "1e-6", ""),
    ("[ppb]", "1e-9", ""),
    ("[pH]", "1", ""),
    ("{count}", "1", ""),
    ("sr", "1", ""),
    ("min", "60", "s"),
    ("h", "60", "min"),
    ("d", "24", "h"),
    ("wk", "7", "d"),
    ("a", "365.25", "d"),
    ("circ", "2", "[pi].rad"),
    ("deg", "1/180", "[pi].rad"),
    ("L", "1e-3", "m3"),
    ("l", "1", "L"),
    ("har", "1e4", "m2"),
    ("t", "1e6", "g"),
    ("N", "1000", "g.m/s2"),
    ("Pa", "1", "N/m2"),
    ("bar", "1e5", "Pa"),
    ("atm", "101325", "Pa"),
    ("m[H2O]", "9806.65", "Pa"),
    ("m[Hg]", "133322", "Pa"),
    ("J", "1", "N.m"),
    ("W", "1", "J/s"),
    ("Wh", "1", "W.h"),
    ("C", "1", "A.s"),
    ("V", "1", "J/C"),
    ("VA", "1", "V.A"),
    ("Ohm", "1", "V/A"),
    ("S", "1", "A/V"),
    ("F", "1", "C/V"),
    ("Wb", "1", "V.s"),
    ("T", "1", "Wb/m2"),
    ("H", "1", "Wb/A"),
    ("Hz", "1", "/s"),
    ("Bq", "1", "/s"),
    ("Gy", "1", "m2/s2"),
    ("Sv", "1", "Gy"),
    ("kat", "1", "mol/s"),
    ("lm", "1", "cd.sr"),
    ("lx", "1", "lm/m2"),
    ("B", "8", "bit"),
    ("By", "1", "B"),
    ("KiB", "1024", "B"),
    ("[in_i]", "0.0254", "m"),
    ("[ft_i]", "0.3048", "m"),
    ("[mi_i]", "1609.344", "m"),
    ("[nmi_i]", "1852", "m"),
    ("[kn_i]", "1", "[nmi_i]/h"),
    ("B[SPL]", "10", "dB{A}"),
)

ALIASES = {
    # temperature, angle, place
    "C": "Cel", "degC": "Cel", "deg C": "Cel", "°C": "Cel", "celsius": "Cel", "Celsius": "Cel", "摄氏度": "Cel", "度C": "Cel",
    "F": "[degF]", "degF": "[degF]", "°F": "[degF]", "华氏度": "[degF]", "kelvin": "K",
    "°": "deg", "degree": "deg", "degrees": "deg", "lon": "deg", "lat": "deg", "°/min": "deg/min", "角度": "deg",
    # ratios and counts
    "": "1", "/": "1", "none": "1", "ratio": "1", "无量纲": "1", "pH": "[pH]", "PH": "[pH]", "count": "{count}", "counts": "{count}", "beats": "{count}",
    "beat/min": "/min", "个": "{count}", "台": "{count}", "孔": "{count}", "级": "{Bft}", "/100": "%", "/1000": "[ppth]", "‰": "[ppth]", "ppm": "[ppm]", "ppb": "[ppb]",
    "%RH": "%", "RH%": "%", "%rh": "%", "% RH": "%", "%EL": "%", "百分比": "%", "EL": "s", "percent": "%",
    # length, volume, flow, speed
    "米": "m", "厘米": "cm", "毫米": "mm", "公里": "km", "千米": "km", "meter": "m", "metre": "m", "M": "m", "MM": "mm", "CM": "cm", "ft": "[ft_i]", "in": "[in_i]",
    "平方米": "m2", "立方米": "m3", "升": "L", "cbm": "m3", "m3ps": "m3/s", "cumec": "m3/s", "立方米/秒": "m3/s", "升/秒": "L/s", "立方米/小时": "m3/h",
    "mph": "[mi_i]/h", "kph": "km/h", "kmh": "km/h", "kmph": "km/h", "mps": "m/s", "kn": "[kn_i]", "kt": "[kn_i]", "kts": "[kn_i]", "knot": "[kn_i]", "knots": "[kn_i]",
    "节": "[kn_i]", "米/秒": "m/s", "公里/小时": "km/h", "千米/小时": "km/h",
    # pressure, mass, concentration
    "mb": "mbar", "百帕": "hPa", "千帕": "kPa", "帕": "Pa", "psi": "[psi]", "mmHg": "mm[Hg]", "mH2O": "m[H2O]", "千克": "kg", "克": "g", "吨": "t", "10^4 t": "10*4.t", "万吨": "10*4.t",
    "毫克/升": "mg/L", "微克/升": "ug/L", "纳克/升": "ng/L", "毫克/立方米": "mg/m3", "微克/立方米": "ug/m3", "纳克/立方米": "ng/m3", "千克/立方米": "kg/m3",
    "NTU": "{NTU}", "FNU": "{NTU}", "FTU": "{NTU}", "{FNU}": "{NTU}", "NTU(度)": "{NTU}",
    # electricity, light, sound, signal, data
    "volt": "V", "伏特": "V", "伏": "V", "毫伏": "mV", "安培": "A", "安": "A", "瓦": "W", "千瓦": "kW", "微西门/厘米": "uS/cm", "ohm": "Ohm", "Ω": "Ohm", "lux": "lx", "勒克斯": "lx",
    "Ah": "A.h", "mAh": "mA.h", "VAs": "VA.s", "VAh": "VA.h", "kVAh": "kVA.h", "vars": "var.s", "varh": "var.h", "kvarh": "kvar.h",
    "dB": "dB{A}", "dB(A)": "dB{A}", "dBA": "dB{A}", "dB[A]": "dB{A}", "db": "dB{A}", "分贝": "dB{A}", "Bspl": "B[SPL]",
    # time
    "sec": "s", "second": "s", "seconds": "s", "秒": "s", "minute": "min", "minutes": "min", "分": "min", "分钟": "min", "hr": "h", "hour": "h", "hours": "h", "小时": "h", "day": "d", "days": "d", "天": "d", "日": "d",
}  # fmt: skip

FOLDED = {
    "kpa": "kPa", "hpa": "hPa", "pa": "Pa", "mbar": "mbar", "ntu": "{NTU}", "fnu": "{NTU}", "v": "V", "mv": "mV", "dbm": "dBm", "us/cm": "uS/cm", "ms/cm": "mS/cm",
    "l/s": "L/s", "mg/l": "mg/L", "ug/l": "ug/L", "db(a)": "dB{A}", "dba": "dB{A}", "lux": "lx", "w/m2": "W/m2", "℃": "Cel", "c": "Cel", "kn": "[kn_i]", "m3/s": "m3/s", "m/s": "m/s", "%rh": "%",
}  # fmt: skip

PREFERRED = (
    "m", "kg", "s", "A", "Cel", "cd", "mol", "deg", "Hz", "Pa", "J", "W", "V", "F", "Ohm", "S", "Wb", "T", "H", "lx",
    "C", "m2", "m3", "m/s", "m/s2", "m3/s", "W/m2", "bit", "bit/s", "S/m", "mg/m3", "var", "var.s", "{NTU}", "dB{A}",
    "dBm", "{Bft}",
)  # fmt: skip
