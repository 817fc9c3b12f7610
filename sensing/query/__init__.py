"""Questions over what is stored, whatever the store: filters, means by the clock, exports. Works on the tables that a reader gives.

    asked       what is asked, read from words                where, keep    which rows
    spans       how a long time is cut so that memory is bounded
    buckets, means, intervals, aggregate                      rows of a bucket to one
    told        tables and rows in the contract's words       answer, files   all of it, in pieces

numpy does the arithmetic: it is loaded with pyarrow anyway, DuckDB would cost a cold start 150 ms more.
"""
