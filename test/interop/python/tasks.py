import connected  # noqa: F401
import flyte
from flyte.remote import Task


def deploy(environment, **options):
    import greeting

    [deployment] = flyte.deploy(getattr(greeting, environment), **options)
    [deployed] = deployment.envs.values()
    tasks = [found.deployed_task for found in deployed.deployed_entities]
    return {task.task_template.id.name: task.task_template.id.version for task in tasks}


def fetch(name, **which):
    details = Task.get(name, **which).fetch()
    return {
        "name": details.name,
        "version": details.version,
        "type": details.task_type,
        "required": sorted(details.required_args),
        "defaults": sorted(details.default_input_args),
        "secrets": details.secrets,
        "inputs": {name: type.__name__ for name, (type, _) in details.interface.inputs.items()},
    }


def names(**filters):
    return [task.name for task in Task.listall(**filters)]


def versions(**filters):
    return [task.version for task in Task.listall(**filters)]
