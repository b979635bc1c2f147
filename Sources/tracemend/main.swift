print("tracemend")
