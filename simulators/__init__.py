"""The city in small: what the water does (tide, shower, river), the gauges that watch it, and the clients that send what they say.

Physics is pure: time in, value out. Nothing here knows the service; it is met over MQTT, as real devices meet it.
"""
