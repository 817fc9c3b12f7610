"""Guessing what a device is from what it sends, for `sensing device template` and for quarantine: protocol, id, time, values, cadence.

samples   payloads of a file, whatever they are wrapped in
adapter   which protocol they are: marks of each, then a decode that tells
json_map  a vendor's JSON: where device, time and place stand; json_values: what its numbers are, in which units
kind      the whole guess: a thing type with what is not sure as notes
toml      the type as a file that people read and correct
unknown   what an id in quarantine may be

It is shown with its alternatives and corrected by a person; nothing that is stored rests on it until somebody keeps the file.
"""
