"""The Store port on PostgreSQL, for a city whose nodes share one database (docs/postgres.md).

    schema    tables: those that all nodes share, those that one log has to itself, and SQLite's words that PostgreSQL lacks
    session   a connection that speaks as apsw's does, so that both stores run the same SQL; it comes back after a lost one
    store     one batch, one transaction, the cursor in it; one lock numbers the commits of all nodes
    rows      a batch's observations: COPY into a staging table, and the engine decides once
    reader    the same questions as of a file

Nothing here is imported unless `[store] url` is set.
"""
