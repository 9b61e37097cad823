# Imported where it is called, so it is not loaded when the code is bundled.
def farewell_to(name):
    return f"goodbye {name}"
