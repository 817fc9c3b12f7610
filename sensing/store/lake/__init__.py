"""The lake: observations that have rested some minutes, as sorted Parquet files beside `store.db`.

    seal     lake reads hot rows of a range of commits, writes one file, leaves a manifest
    adopt    work names the file in its catalogue: one transaction, from which moment readers pass over the hot rows it covers
    sweep    work deletes those hot rows, some thousands at a time, between its batches
    late     work looks up what arrives for a time that is sealed: stored, duplicate or revised, as without a lake
    compact  lake merges files by day of observation, leaves a manifest; what it replaces stays for a grace
    tidy     lake removes files that no catalogue row and no manifest names
    scan     readers: one snapshot of catalogue and hot rows, then the files, outside of it

Files are written once: tmp, fsync, rename, fsync of the folder. Only work writes `store.db`, only lake writes files.
A row that is sealed never changes; what is later found out about it (which revision is served, what a redecode says) is a row of
`amended` until a compaction folds it in.
"""

FOLDER = "lake"
ROW_GROUP = 32_768
