"""Tasks on Dask: submit, watch, stop. Knows no model and no parcel.

A task is a function of an importable module, run in a worker process. A local cluster starts by
itself when the first task is submitted; the address of a running scheduler may be given instead.
What a task has to tell while it runs, it writes to files: the engine carries no progress.
"""

from cropdash.engine.cluster import GPU
from cropdash.engine.engine import Engine, TaskState

__all__ = ["GPU", "Engine", "TaskState"]
