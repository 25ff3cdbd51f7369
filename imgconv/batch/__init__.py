"""Many pictures through one kernel or pipeline: find them, name their results, run them on workers, keep a record.

`sources` says which files are taken, `naming` what their results are called; `task` does one of them and says what
came of it, and `workers` are the processes of this machine that run tasks.
"""
