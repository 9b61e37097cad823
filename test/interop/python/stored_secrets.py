import connected  # noqa: F401
from flyte.remote import Secret


def create(name, value, type="regular"):
    Secret.create(name=name, value=value, type=type)


def create_bytes(name, hex):
    Secret.create(name=name, value=bytes.fromhex(hex))


def get(name):
    secret = Secret.get(name=name)
    return {"name": secret.name, "project": secret.pb2.id.project, "domain": secret.pb2.id.domain}


def names(limit=10):
    return [secret.name for secret in Secret.listall(limit=limit)]


def delete(name):
    Secret.delete(name=name)
