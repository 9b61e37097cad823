"""Prints python-pods.json: what the official SDK writes of pods and runs, for the same declarations. See README.md."""
import base64, json, pathlib
import flyte
from flyte._internal.runtime.task_serde import translate_task_to_wire
from flyte._run import with_runcontext
from flyte.models import SerializationContext
from kubernetes.client import (
    V1Container, V1EnvVar, V1EmptyDirVolumeSource, V1PodSpec, V1ResourceRequirements, V1Toleration, V1Volume, V1VolumeMount,
)

scratch = V1VolumeMount(name="scratch", mount_path="/scratch")
whole = flyte.PodTemplate(
    primary_container_name="main",
    labels={"team": "ml"},
    annotations={"example.com/note": "kept for a week"},
    pod_spec=V1PodSpec(
        service_account_name="reader",
        node_selector={"disk": "ssd"},
        termination_grace_period_seconds=600,
        tolerations=[V1Toleration(key="gpu", operator="Exists", effect="NoSchedule")],
        volumes=[V1Volume(name="scratch", empty_dir=V1EmptyDirVolumeSource(size_limit="1Gi"))],
        containers=[
            V1Container(
                name="main",
                volume_mounts=[scratch],
                env=[V1EnvVar(name="SCRATCH", value="/scratch")],
                resources=V1ResourceRequirements(
                    limits={"example.com/fuse": "1", "cpu": "9"}, requests={"example.com/fuse": "1"}
                ),
            ),
            V1Container(name="proxy", image="registry.local/proxy:1", args=["--port", "1"], volume_mounts=[scratch]),
        ],
    ),
)
bare = flyte.PodTemplate(
    annotations={"example.com/note": "x"}, pod_spec=V1PodSpec(containers=[V1Container(name="primary")])
)

flyte.init(sync_local_sys_paths=False)
IMAGE = "registry.local/pods:1"
rows = {
    "container": dict(env_vars={"MODE": "slow"}, resources=flyte.Resources(cpu=1), interruptible=True),
    "name": dict(pod_template="shared-template"),
    "annotations": dict(pod_template=bare),
    "whole": dict(
        pod_template=whole,
        env_vars={"MODE": "slow"},
        resources=flyte.Resources(cpu=("500m", 2), memory="1Gi", disk="10Gi", gpu=1),
        secrets=flyte.Secret(key="openai-key", as_env_var="OPENAI_API_KEY"),
    ),
}
runs = {
    "plain": dict(),
    "everything": dict(
        labels={"team": "ml"}, annotations={"example.com/note": "x"}, env_vars={"MODE": "fast"},
        overwrite_cache=True, service_account="runner", queue="gpu",
    ),
}


def b64(message):
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode()


def task(name, fields):
    env = flyte.TaskEnvironment(name=name, image=flyte.Image.from_base(IMAGE), **fields)

    @env.task
    async def go() -> None: ...

    root = pathlib.Path(__file__).parent
    context = SerializationContext(version="v1", project="p", domain="d", root_dir=root)
    return translate_task_to_wire(go, context).task_template


def run(fields):
    spec = with_runcontext(mode="remote", **fields)._apply_overrides(None)
    # Logging of Python's own, which it passes on in variables.
    own = [kv for kv in spec.envs.values if kv.key not in ("LOG_LEVEL", "LOG_FORMAT", "USER_LOG_LEVEL")]
    del spec.envs.values[:]
    spec.envs.values.extend(own)
    return spec


print(json.dumps({
    "sdk": flyte.__version__,
    "tasks": {name: b64(task(name, fields)) for name, fields in rows.items()},
    "runs": {name: b64(run(fields)) for name, fields in runs.items()},
}, indent=1))
