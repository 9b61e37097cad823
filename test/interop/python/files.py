from pathlib import Path

import connected  # noqa: F401
import flyte
from flyte.io import File
from flyte.remote import Run, upload_file
from runs import end  # noqa: F401

import measures


def measure_upload(path):
    """Uploads a file of this machine, and gives it to a task."""
    return flyte.run(measures.measure, file=File.from_local_sync(path)).name


def upload(path):
    digest, uri = upload_file(Path(path))
    return {"digest": digest, "uri": uri}


def start_report():
    return flyte.run(measures.told).name


def start_without_report():
    return flyte.run(measures.untold).name


def report(run):
    return Run.get(run).get_report()
