import connected  # noqa: F401
from flyte.remote import User


def whoami():
    user = User.get()
    return {"subject": user.subject(), "name": user.name()}
