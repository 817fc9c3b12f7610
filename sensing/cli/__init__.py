"""The command line. It speaks HTTP to web's API: over the network when the service runs, else to the same app in this process.

main        the tree of commands and the entry point
root        options that every command takes, and how errors become exit codes
output      tables for people; JSON, NDJSON and CSV for programs
words       what people read, in Chinese and English
client      the way to the API; inprocess, sse: its transports
the others  a file for each group of commands

Nothing heavy is imported before a command runs: `sensing --help` must answer at once.
"""
