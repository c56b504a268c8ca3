def number(text):
    value = int(text)
    return value
