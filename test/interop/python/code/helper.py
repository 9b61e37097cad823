def say(name): return f"hello {name}"
