"""Ships in port: where they lie, when they came and went, how they behaved, what they carry, who is downwind of them. Pure, in event time.

harbours   the configuration: limits, anchorages, berths, fairways      conduct    what a ship does wrong: speed, anchor, silence
waters     which of them a position lies in                             worklist   whom port state control looks at first, and why
calls      positions of one ship to its visits of a port                downwind   who is to leeward of a berth
afloat     whether a position can be that of a ship at all
"""
