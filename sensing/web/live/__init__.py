"""The live city (docs/live.md): one model of it in each web process, made from the store alone, that every viewer is served from.

view       what a viewer asks for                    places     what the registry says of things
city       one run: things, values, states, events   position   how far somebody has been told
hub        follows the store, keeps the cities       entries    things as JSON, whole and as they changed
kpi        figures                                   feed       GET /api/live
snapshot   GET /api/map                              playback   the same of a past instant
"""
