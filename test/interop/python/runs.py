import connected  # noqa: F401
import flyte
from flyte.remote import Action, Run, Task

import greeting


def start(task, given=None, **options):
    """A task of the code in this folder."""
    return flyte.with_runcontext(**options).run(getattr(greeting, task), **(given or {})).name


def start_deployed(name, given=None, **which):
    return flyte.run(Task.get(name, **which), **(given or {})).name


def start_from_memory():
    """A task that is in no file: its function comes along as it is."""
    env = flyte.TaskEnvironment(name="memory", image="python:3.12")
    factor = 3

    @env.task
    async def multiply(value: int) -> int:
        return value * factor

    return flyte.with_runcontext(interactive_mode=True).run(multiply, value=14).name


def start_and_deploy():
    flyte.deploy(greeting.env, version="ours")
    return flyte.run(greeting.greet, name="Ann").name


def end(run):
    """Waits, and says how it ended."""
    found = Run.get(run)
    found.wait(quiet=True)
    info = found.details().action_details.error_info
    return {
        "phase": found.phase.value,
        "outputs": list(found.outputs()),
        **({"error": info.message} if info else {}),
    }


def phase(run):
    return Run.get(run).phase.value


def inputs(run):
    return dict(Run.get(run).inputs())


def attempts(run):
    return Run.get(run).details().action_details.attempts


def logs(run, **options):
    return list(Run.get(run).get_logs(**options))


def abort(run, reason):
    Run.get(run).abort(reason=reason)


def abort_reason(run):
    return Run.get(run).details().action_details.abort_info.reason


def rerun(run, given=None, **options):
    return flyte.with_runcontext().rerun(run, **options, **(given or {})).name


def variables(run):
    return {one.key: one.value for one in Run.get(run).details().pb2.run_spec.envs.values}


def names(**filters):
    return [run.name for run in Run.listall(**filters)]


def actions(run, **filters):
    return [{"name": action.name, "phase": action.phase.value} for action in Action.listall(for_run_name=run, **filters)]


def first_line(run, like, action="a0"):
    """Reads the log from its beginning, until a line has those words."""
    for line in Action.get(run_name=run, name=action).get_logs():
        if like in line:
            return line


def abort_action(run, action, reason):
    Action.get(run_name=run, name=action).abort(reason=reason)
