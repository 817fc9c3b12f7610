"""What to do about each reason, in the two languages of those who stand before the device. Data; `docs/operate.md` has the long form."""

from __future__ import annotations

from collections.abc import Mapping

from sensing.errors import Reason
from sensing.model import QualityReason

Words = dict[str, str]

DEAD_LETTER: Mapping[Reason, tuple[str, str]] = {
    Reason.NOT_UTF8: ("文本不是 UTF-8 编码：在设备上改编码", "the text is not UTF-8: set the sender's encoding"),
    Reason.BAD_START: (
        "找不到帧起始符：检查主题里的协议是否与设备一致",
        "no frame start: does the topic's adapter fit the device?",
    ),
    Reason.BAD_LENGTH: (
        "长度与报文不符：真实设备如此则设 length_off_by_one",
        "wrong length: if the device does this, set length_off_by_one",
    ),
    Reason.BAD_CHECKSUM: (
        "校验码错误：检查线路；若每帧都错，检查校验方式",
        "wrong checksum: look at the line; if every frame fails, at the variant",
    ),
    Reason.BAD_GRAMMAR: (
        "报文格式不合协议：保留原帧并告知设备型号",
        "not as the protocol writes it: keep the frame, tell us the model",
    ),
    Reason.BAD_NUMBER: ("数字无法识别：检查传感器接线与量程设置", "digits that are none: check the sensor's wiring and range"),
    Reason.BAD_TIME: ("日期不存在：校准设备时钟", "a date that does not exist: set the device's clock"),
    Reason.UNKNOWN_FUNCTION: (
        "功能码不在标准内：告知我们，或忽略",
        "a function code outside the standard: tell us, or ignore it",
    ),
    Reason.UNSUPPORTED_VERSION: ("协议版本不支持：附一帧告知我们", "a version that we do not read: tell us with a frame"),
    Reason.MISSING_KEY: ("缺少必需字段：修正映射或发送端", "a field is missing: correct the mapping or the sender"),
    Reason.MISSING_FRAGMENT: ("分包未按时到齐：检查信号与链路", "parts did not come in time: look at the link"),
    Reason.TOO_LARGE: ("报文过大：在设备上拆分", "too large: split the message"),
    Reason.TOO_DEEP: ("嵌套过深：简化报文", "nested too deep: flatten the message"),
    Reason.UNKNOWN_ALIAS: (
        "别名尚未声明：等设备重新上线后重放",
        "an alias not announced yet: redrive after the device's next birth",
    ),
    Reason.NOT_JSON: ("不是 JSON：检查主题里的协议是否与设备一致", "not JSON: does the topic's adapter fit the device?"),
    Reason.NO_KEY: ("缺少解密密钥：为设备配置密钥", "encrypted without a key here: give the device its key"),
    Reason.NOT_YOURS: (
        "站码属于另一接入方：在本接入方名下登记，或查明谁在冒用",
        "the device belongs to another principal: move it, or find who pretends",
    ),
    Reason.UNKNOWN_DEVICE: (
        "设备未登记：在隔离区接受，或登记",
        "nobody registered it: accept it from quarantine, or register it",
    ),
    Reason.WRONG_TOPIC: ("主题不是本接入方的：在设备上改主题", "a topic that is not its own: correct the device's topic"),
    Reason.RATE_LIMITED: ("发送过快：降低频率或提高 mqtt.max_rate", "too many publishes: slow it down, or raise mqtt.max_rate"),
    Reason.STORE_REJECTED: ("存储拒绝了数值：请告知我们", "the store refused the values: tell us"),
    Reason.PARSER_CRASH: (
        "解码器自身出错：附原帧告知我们，修复后重放",
        "our decoder failed: tell us with the frame, redrive after the fix",
    ),
}
QUALITY: Mapping[QualityReason, tuple[str, str]] = {
    QualityReason.NONE: ("正常", "good"),
    QualityReason.MISSING: ("设备报告无值：检查传感器接线", "the device had no value: check the sensor's wiring"),
    QualityReason.RANGE: ("超出量程：检查单位、零点与安装高度", "out of range: check unit, zero and mount height"),
    QualityReason.CLIMATOLOGY: ("超出季节常值：核对现场", "unusual for the season: compare on site"),
    QualityReason.RATE: ("变化过快：检查安装与干扰", "changes too fast: check mounting and interference"),
    QualityReason.SPIKE: ("突跳：检查供电与接地", "a spike: check supply and grounding"),
    QualityReason.FLAT_LINE: ("长时间不变：传感器可能卡死或被淤埋", "does not change: the sensor may be stuck or buried"),
    QualityReason.SENTINEL: ("设备的“无效值”代码：检查传感器", "the device's code for no reading: check the sensor"),
    QualityReason.CLOCK: ("设备时钟不对：校时", "the device's clock is wrong: set it"),
    QualityReason.UNIT_FLIP: ("疑似单位错误：检查单位设置", "looks like another unit: check its setting"),
    QualityReason.DRIFT: ("漂移：重新率定", "drifts: calibrate"),
    QualityReason.NEIGHBOUR: ("与邻站不符：核对现场", "disagrees with its neighbours: compare on site"),
    QualityReason.CONSISTENCY: (
        "与雨、潮、上游或同站其他要素不符：核对现场与接线",
        "contradicts rain, tide, upstream or the station's other values: compare on site, check the wiring",
    ),
    QualityReason.JUMP: ("位置突变：检查定位", "jumps: check positioning"),
    QualityReason.DEVICE: ("设备自报异常：看设备状态字", "the device says so itself: read its status"),
    QualityReason.TEST: ("测试报文：不进入最新值", "a test message: left out of latest"),
    QualityReason.MANUAL: ("人工判定", "judged by hand"),
}
CHECK: Mapping[str, tuple[str, str]] = {
    "silent": (
        "没有收到任何报文：检查电源、信号、服务器地址、用户名和密码",
        "nothing came: check power, signal, server address, user and password",
    ),
    "bad_credentials": (
        "密码错误或已吊销：在设备上重输用户名 {user} 的密码；遗失则 `sensing device rotate {id}`",
        "wrong or revoked password: type that of user {user} again on the device; if it is lost, `sensing device rotate {id}`",
    ),
    "unknown_user": (
        "没有收到本设备的报文，而这一小时有 {number} 次连接用了未登记的用户名：设备的用户名必须正是 {user}",
        "nothing of this device came, but this hour {number} connections named a user that nobody registered: it must be exactly {user}",
    ),
    "other_adapter": ("报文到了别的协议主题：改设备主题为 {topic}", "it publishes to another adapter's topic: set {topic}"),
    "wrong_topic": (
        "主题不是本接入方的：改设备主题为 {topic}",
        "it publishes to a topic that is not its own: set {topic}",
    ),
    "status_only": (
        "只有上线消息，没有数据：检查采集与上报间隔",
        "it is online but sent no data: check sampling and reporting interval",
    ),
    "other_native": (
        "该接入方发来未登记的站码 {native}：核对站码，或接受它",
        "it sends the unknown id {native}: correct the native id, or accept it",
    ),
    "no_values": (
        "报文可解码，但没有本设备的数值：核对站码 {native}",
        "its frames decode but none names {native}: compare the native id",
    ),
    "duplicate": (
        "发来的数值早已入库，没有新的：等下一次观测，或检查设备是否在重发旧数据",
        "what it sends is stored since before, nothing is new: wait for its next observation, or see why it repeats old ones",
    ),
    "not_stored": ("已解码，尚未入库：稍候再试", "decoded, not stored yet: try again in a moment"),
    "waiting": ("等待前一步", "waits for the step before"),
    "unbounded": ("日志太长，未全部查看：缩短 since", "the log is too long to look through: give a shorter since"),
    "some_rejected": (
        "有 {number} 帧无法解码（{reason}），之后的正常：若反复出现，检查线路",
        "{number} frames could not be read ({reason}), those after them could: if it goes on, look at the line",
    ),
    "lorawan_key": (
        "网络服务器报告完整性校验（MIC）失败：核对 AppKey、NwkSKey 与 DevEUI",
        "the network server reports a wrong MIC: compare AppKey, NwkSKey and DevEUI on device and server",
    ),
    "lorawan_join": (
        "网络服务器报告入网失败：核对 AppKey 与 JoinEUI，DevNonce 重复则在服务器上清除",
        "the network server refuses the join: compare AppKey and JoinEUI; flush DevNonces there if they were used",
    ),
    "lorawan_codec": (
        "字节与解码器不符：核对型号，改类型或 `sensing device edit {id} --set codec=...`",
        "the bytes do not fit the codec: compare the model, then another type or `sensing device edit {id} --set codec=...`",
    ),
    "no_codec": (
        "没有解码器，只存了信号强度：改用该型号的类型，或 `sensing device edit {id} --set codec=...`",
        "without a codec only the signal strength is stored: use the model's type, or `sensing device edit {id} --set codec=...`",
    ),
    "mmsi_invalid": (
        "MMSI {native} 不是 9 位有效编号：照船舶国籍证书改站码",
        "MMSI {native} is not one of 9 digits that are given to ships: correct the native id from the ship's papers",
    ),
    "clock_8h": (
        "时钟快 8 小时：设备把北京时间当 UTC 发送。设时区 +08:00（类型的 time.zone），或把设备时钟设为 UTC",
        "8 hours ahead: it sends local time as UTC. Set zone +08:00 (the type's time.zone), or its clock to UTC",
    ),
    "clock_8h_behind": (
        "时钟慢 8 小时：设备用 UTC，而协议规定北京时间。把设备时钟设为北京时间，或改时区设置",
        "8 hours behind: it keeps UTC where Beijing time is meant. Set its clock to Beijing time, or correct the zone",
    ),
    "clock_unset": (
        "设备时钟未设置（{time}）：校时，检查时钟电池",
        "its clock was never set ({time}): set it, and look at the clock's battery",
    ),
    "clock_skew": (
        "设备时钟与本机相差 {minutes} 分钟：建议校时",
        "its clock differs by {minutes} minutes: better set it",
    ),
    "old_data": (
        "最新观测已有 {minutes} 分钟：设备在补发缓存，或上报很慢，或时钟慢",
        "its newest observation is {minutes} minutes old: it sends what it buffered, reports slowly, or its clock is slow",
    ),
    "unit_flip": (
        "{property} {value} {unit} 像是单位错误：除以 {factor:g} 才合理。若设备发 {wire}：`sensing device edit {id} --unit {property}={wire}`",
        "{property} {value} {unit} looks like another unit: divided by {factor:g} it would fit. If it sends {wire}: `sensing device edit {id} --unit {property}={wire}`",
    ),
    "dip_differs": (
        "与人工测量相差 {difference:+.3f}：检查零点、安装高度，或 `sensing device edit {id} --zero ...`",
        "differs from the dip test by {difference:+.3f}: check zero and mount height, or `sensing device edit {id} --zero ...`",
    ),
    "lat_lon_swapped": (
        "经纬度颠倒：改为 {place}",
        "latitude and longitude are swapped: it should be {place} (latitude first)",
    ),
    "gcj02_suspected": (
        "位置像是 GCJ-02（国内地图）坐标，偏约 {metres:.0f} 米：`sensing device edit {id} --crs gcj02`",
        "the place looks like GCJ-02, as Chinese maps show it, off by {metres:.0f} m: `sensing device edit {id} --crs gcj02`",
    ),
    "gcj02_sent": (
        "设备发送的位置像是 GCJ-02 坐标，与登记相差约 {metres:.0f} 米：在设备上改为 WGS 84",
        "the position that it sends looks like GCJ-02, {metres:.0f} m off: have the device send WGS 84",
    ),
    "elsewhere": (
        "设备自报位置与登记相差 {metres:.0f} 米：核对哪一个对",
        "the position that it sends is {metres:.0f} m from where it is registered: find out which is right",
    ),
    "in_sea": (
        "登记位置在海里，离岸 {metres:.0f} 米：核对 --at LAT,LON 与坐标系",
        "the place is in the sea, {metres:.0f} m from the shore: check --at LAT,LON and its system",
    ),
    "near_sea": (
        "登记位置离岸 {metres:.0f} 米，可能是填海地：核对",
        "the place is {metres:.0f} m off the shore of our map, maybe land that was won from the sea: check it",
    ),
    "on_land": (
        "船舶位置在陆地上，离岸 {metres:.0f} 米：核对坐标系、经纬度次序与 MMSI",
        "a vessel on land, {metres:.0f} m from the water: check system, order of latitude and longitude, and MMSI",
    ),
    "near_land": (
        "船舶位置在岸内 {metres:.0f} 米，可能在内河港池：核对",
        "{metres:.0f} m inside our map's shore, maybe a river or a dock: check it",
    ),
    "duplicate_serial": (
        "序列号 {serial} 也登记在 {other}：核对铭牌，替换下来的设备请停用",
        "serial {serial} is {other}'s as well: compare the plate, retire the one that was replaced",
    ),
    "duplicate_native": (
        "站码 {native} 也登记在 {other}（{adapter}）：核对哪一个对",
        "native id {native} is {other}'s as well ({adapter}): find out which is right",
    ),
    "duplicate_place": (
        "{other} 是同一类型，距此 {metres:.0f} 米：是否重复登记？",
        "{other} is of the same type, {metres:.0f} m away: was it registered twice?",
    ),
}
_LORAWAN = frozenset((Reason.UNKNOWN_FUNCTION, Reason.BAD_LENGTH, Reason.BAD_GRAMMAR, Reason.BAD_CHECKSUM))
"""Reasons that, of the device's own bytes, mean that another codec made them."""


def words(pair: tuple[str, str], **values: object) -> Words:
    """The two languages of a remedy, with what varies filled in."""
    zh, en = (text.format(**values) if values else text for text in pair)
    return {"zh": zh, "en": en}


def dead_letter_remedy(reason: str, adapter: str = "", device: str = "") -> Words | None:
    """The remedy of a dead letter's reason; None for a word that is none. adapter, device: for what depends on them."""
    if adapter == "lorawan" and reason in _LORAWAN:
        return words(CHECK["lorawan_codec"], id=device)
    return words(DEAD_LETTER[Reason(reason)]) if reason in set(Reason) else None


def quality_remedy(reason: str) -> Words | None:
    """The remedy of a quality reason; None for a word that is none."""
    return words(QUALITY[QualityReason(reason)]) if reason in set(QualityReason) else None
