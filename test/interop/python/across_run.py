# Both languages on one plane.
import connected  # noqa: F401
import flyte
from flyte.io import File
from flyte.remote import Task
from parents import actions, end, start  # noqa: F401

import across


def deploy():
    flyte.deploy(across.env, version="v1")


def give(path):
    """A task of this language, which calls one of the other."""
    return flyte.run(across.give, letter=File.from_local_sync(path)).name


def start_theirs(name, given):
    return flyte.run(Task.get(name, auto_version="latest"), **given).name
