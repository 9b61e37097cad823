# Runs of tasks that call tasks.
import asyncio
import importlib

import connected  # noqa: F401
import flyte
from flyte.remote import Action, ActionDetails, Condition, Run
from runs import abort, abort_action, end, first_line, phase, rerun  # noqa: F401


def start(task, given=None, **options):
    """A task of the code in this folder, as MODULE.TASK."""
    module, name = task.split(".")
    return flyte.with_runcontext(**options).run(getattr(importlib.import_module(module), name), **(given or {})).name


def actions(run, **filters):
    """All actions of a run, in the order in which they came to be."""
    return [
        {
            "name": one.name,
            "of": one.pb2.metadata.parent,
            "called": one.task_name or one.pb2.metadata.funtion_name,
            "type": one.pb2.metadata.WhichOneof("spec"),
            "group": one.pb2.metadata.group,
            "phase": one.phase.value,
            "attempts": one.pb2.status.attempts,
        }
        for one in Action.listall(for_run_name=run, **filters)
    ]


def io(run, action):
    async def read():
        # The command reads them this way.
        details = await ActionDetails.get.aio(run_name=run, name=action)
        return [dict(await details.inputs()), list(await details.outputs())]

    return asyncio.run(read())


def logs(run, action, **options):
    return list(Action.get(run_name=run, name=action).get_logs(**options))


def reports(run):
    return [Action.get(run_name=run, name=one.name).get_report() for one in Action.listall(for_run_name=run)]


def start_with_letters(file, folder):
    import letters
    from flyte.io import Dir, File

    given = {"file": File.from_local_sync(file), "folder": Dir.from_local_sync(folder)}
    return flyte.run(letters.posted, **given).name


def conditions(run, **which):
    return [
        {"name": one.name, "action": one.action_name, "type": one.expected_type.__name__, "phase": one.phase.removeprefix("ACTION_PHASE_").lower()}
        for one in Condition.listall(run_name=run, **which)
    ]


def signal(run, condition, value):
    Condition.get(condition, run_name=run).signal(value)
