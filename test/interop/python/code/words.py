def greeting_of(name):
    return f"hello {name}"
