import connected  # noqa: F401
from flyte.remote import Project


def get(name):
    project = Project.get(name)
    return {"id": project.pb2.id, "name": project.pb2.name, "domains": [domain.id for domain in project.pb2.domains]}


def names(sort_by=None):
    return [project.pb2.id for project in Project.listall(sort_by=tuple(sort_by) if sort_by else None)]


def create(id, name, labels):
    return Project.create(id=id, name=name, labels=labels).pb2.id


def rename(id, name):
    return Project.update(id=id, name=name).pb2.name


def archive(id):
    Project.get(id).archive()


def archived():
    return [project.pb2.id for project in Project.listall(archived=True)]
