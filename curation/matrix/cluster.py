"""Where the shards of an export run: on threads of this process, or on the workers of a Dask cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from curation.errors import CurationError

CONNECT_SECONDS = 30
RETRIES = 5  # how often a shard is done again when its worker is lost


class ClusterFault(CurationError):
    """The cluster cannot be reached, or gave up on a shard."""


def lost_workers() -> tuple[type[BaseException], ...]:
    """What a shard raises whose workers were lost too often; nothing where no cluster was ever used."""
    module = sys.modules.get("distributed")
    return (module.scheduler.KilledWorker, module.CancelledError) if module else ()


@contextmanager
def executor(scheduler: str | None, threads: int | None = None) -> Iterator[Executor]:
    """Threads here (the gather holds no GIL), or the Dask scheduler at an address. Raises ClusterFault when it does not answer."""
    if scheduler is None:
        with ThreadPoolExecutor(threads or len(os.sched_getaffinity(0))) as pool:
            try:
                yield pool
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterFault("--scheduler needs the cluster extra: pip install 'bulkatlas[cluster]'") from error
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterFault(
            f"no Dask scheduler answers at {scheduler} within {CONNECT_SECONDS} s ({error}); start one, see docs/reference/matrix.md"
        ) from error
    with client, client.get_executor(pure=False, retries=RETRIES) as remote:
        yield remote
