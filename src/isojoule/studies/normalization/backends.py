"""The same work on one core, several, or several machines."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final, TypeVar

from isojoule.errors import MissingExtraError, UnknownNameError

Item = TypeVar("Item")
Result = TypeVar("Result")

BACKENDS: Final = ("loky", "ray", "dask")

_OBJECT_STORE_BYTES: Final = 2**28


def require_backend(name: str) -> None:
    """Raise unless there is such a backend.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if name not in BACKENDS:
        raise UnknownNameError("backend", name, BACKENDS)


def map_jobs(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    n_jobs: int,
    backend: str,
) -> list[Result]:
    """Return `work` of every item, in order.

    Parameters
    ----------
    work : callable
        That can be pickled, and depends on its item alone.
    items : sequence
        What to work on.
    n_jobs : int
        Processes at a time; 1 works here, without any backend.
    backend : {"loky", "ray", "dask"}
        Processes of this machine; or a Ray or Dask cluster, the one that
        ``RAY_ADDRESS`` or ``DASK_SCHEDULER_ADDRESS`` names, else a local one of
        `n_jobs` processes that ends with this call.

    Raises
    ------
    MissingExtraError
        If joblib, Ray or Dask is not installed.
    """
    if n_jobs == 1:
        return [work(item) for item in items]
    try:
        from joblib import Parallel, delayed, parallel_config
    except ImportError as error:
        raise MissingExtraError("study", "work in several processes") from error
    with ExitStack() as stack:
        if backend == "ray":
            stack.enter_context(_ray(n_jobs))
        elif backend == "dask":
            stack.enter_context(_dask(n_jobs))
        stack.enter_context(parallel_config(backend=backend, n_jobs=n_jobs))
        found: list[Result] = Parallel(batch_size=1)(
            delayed(work)(item) for item in items
        )
        return found


@contextmanager
def _ray(n_jobs: int) -> Iterator[None]:
    # Said before the import: Ray sends statistics of use unless told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise MissingExtraError("ray", "the backend ray") from error
    is_ours = not ray.is_initialized()
    if is_ours:
        local: dict[str, Any] = {
            "num_cpus": n_jobs,
            "include_dashboard": False,
            "object_store_memory": _OBJECT_STORE_BYTES,
        }
        ray.init(
            log_to_driver=False,
            logging_level="ERROR",
            **({} if os.environ.get("RAY_ADDRESS") else local),
        )
    register_ray()
    try:
        yield
    finally:
        if is_ours:
            ray.shutdown()


@contextmanager
def _dask(n_jobs: int) -> Iterator[None]:
    try:
        from dask import config
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingExtraError("dask", "the backend dask") from error
    with ExitStack() as stack:
        address = config.get("scheduler-address", None)
        cluster = address or stack.enter_context(
            LocalCluster(n_workers=n_jobs, threads_per_worker=1, dashboard_address=None)
        )
        stack.enter_context(Client(cluster))
        yield
