"""The same transformations beyond one machine: Ray Data over sharded Parquet.

Records are written to Parquet shards (or stand in such already), Ray's workers read the shards and make
examples of them by `rows.Rows`, and what they made comes back in the order of the input: the files of the
stage are byte for byte those of the plain runner.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as parquet

import training
from agent_assist.errors import BadInput
from training.config import PrepareOptions, Source
from training.prepare.read import records
from training.prepare.record import COLUMNS, Bad, Record
from training.prepare.rows import Made, Rows, read_articles

_SCHEMA = pyarrow.schema([(name, pyarrow.string()) for name in COLUMNS])


class Shards:
    """What a worker runs: the path of a shard in, a table of what was made of each record out."""

    def __init__(self, options: dict[str, Any], articles: list[dict[str, Any]] | None) -> None:
        self._rows = Rows(PrepareOptions.model_validate(options), articles)

    def __call__(self, shards: pyarrow.Table) -> pyarrow.Table:
        made = [
            Made(found) if isinstance(found, Bad) else self._rows(found)
            for path in shards.column("shard").to_pylist()
            for found in records(Source(path=Path(path), format="parquet"))
        ]
        return pyarrow.table({"made": pyarrow.array([one.dump() for one in made], pyarrow.string())})


def run_ray(options: PrepareOptions, scratch: Path) -> Iterator[Made]:
    """What `rows.run_plain` gives, made by Ray's workers.

    Shards are written below `ray.shards`, or `scratch` on one machine.  Raises BadInput where Ray is missing
    or does not start.
    """
    folder = options.ray.shards or scratch
    shards = [
        shard for n, source in enumerate(options.inputs) for shard in _shards(source, folder, n, options)
    ]
    if not shards:
        return
    ray = _started(options)
    try:
        # A list of shards, each read by the worker that gets it: Ray's own Parquet reader asks for an HTTP
        # file system first, from several threads, and fails where that is not installed (2.60).
        data = ray.data.from_items([{"shard": str(shard.absolute())} for shard in shards])
        done = data.repartition(len(shards)).map_batches(
            Shards,
            fn_constructor_args=(options.model_dump(mode="json"), read_articles(options.knowledge)),
            batch_size=1,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=_workers(options)),
        )
        for batch in done.iter_batches(batch_size=None, batch_format="pyarrow"):
            for text in batch.column("made").to_pylist():
                yield Made.load(text)
    finally:
        ray.shutdown()


def write_shards(found: Iterable[Record | Bad], folder: Path, name: str, rows: int) -> list[Path]:
    """Parquet files of at most `rows` records each, in order; those of an earlier run give way."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{name}-*.parquet"):
        old.unlink()
    written: list[Path] = []
    part: list[dict[str, str]] = []

    def flush() -> None:
        path = folder / f"{name}-{len(written):05}.parquet"
        parquet.write_table(pyarrow.Table.from_pylist(part, schema=_SCHEMA), path)
        written.append(path)
        part.clear()

    for one in found:
        if isinstance(one, Bad):
            one = Record("bad", one.where, one.why)
        part.append({name: getattr(one, name) for name in COLUMNS})
        if len(part) == rows:
            flush()
    if part:
        flush()
    return written


def _shards(source: Source, folder: Path, number: int, options: PrepareOptions) -> list[Path]:
    """The shards of one source: its own files where they are records already."""
    own = sorted(source.path.rglob("*.parquet")) if source.path.is_dir() else [source.path]
    if own and all(p.suffix == ".parquet" and set(COLUMNS) <= set(parquet.read_schema(p).names) for p in own):
        others = [p for p in source.path.rglob("*") if p.is_file()] if source.path.is_dir() else []
        if len(others) in (0, len(own)):
            return own
    return write_shards(records(source), folder, f"{number:03}", options.ray.rows)


def _workers(options: PrepareOptions) -> int:
    return options.ray.workers or os.cpu_count() or 1


def _started(options: PrepareOptions) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.data
    except ImportError:
        raise BadInput(
            "The runner “ray” is not installed.",
            "Run `pip install 'agent-assist[ray]'`, or set `prepare.runner: plain`.",
        ) from None
    home = str(Path(training.__file__).resolve().parents[1])
    given: dict[str, Any] = (
        {"address": options.ray.address}
        if options.ray.address
        else {
            # One more than the workers: reading the shards wants a place, too.
            "num_cpus": _workers(options) + 1,
            "object_store_memory": options.ray.memory_mb * 1_000_000,
            "include_dashboard": False,
            "_node_ip_address": "127.0.0.1",
        }
    )
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    try:
        ray.init(
            log_to_driver=False,
            logging_level="ERROR",
            runtime_env={"env_vars": {"PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}},
            **given,
        )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise BadInput(
            f"Ray does not start: {error}.", "Set `prepare.runner: plain`, or mend `prepare.ray`."
        ) from None
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    return ray
