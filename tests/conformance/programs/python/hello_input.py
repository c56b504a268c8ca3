name = input("Your name? ")
age = int(input("Your age? "))
print(f"Hello, {name}! In ten years you are {age + 10}.")
