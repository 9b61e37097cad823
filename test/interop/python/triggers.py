import connected  # noqa: F401
import flyte
from flyte.remote import Run, Trigger


def deploy(version):
    import scheduled

    flyte.deploy(scheduled.env, version=version)


def names(**filters):
    return sorted([trigger.name, trigger.is_active] for trigger in Trigger.listall(**filters))


def get(name):
    details = Trigger.get(name=name, task_name="scheduled.report")
    return {
        "name": details.name,
        "active": details.is_active,
        "revision": details.id.revision,
        "cron": details.automation_spec.schedule.cron.expression,
        "zone": details.automation_spec.schedule.cron.timezone,
    }


def create(name, minutes):
    return Trigger.create(flyte.Trigger(name=name, automation=flyte.FixedRate(minutes), inputs={"city": "Basel"}), "scheduled.report").name


def update(name, active):
    Trigger.update(name, "scheduled.report", active)


def delete(name):
    Trigger.delete(name=name, task_name="scheduled.report")


def outputs(run):
    found = Run.get(name=run)
    found.wait(quiet=True)
    return found.outputs()[0]


def artifact():
    import scheduled

    watching = flyte.Trigger(name="watching", automation=flyte.OnArtifact(name="model"), inputs={"city": "Genf"})
    return Trigger.create(watching, "scheduled.report").name
