io.write("flushed")
os.exit(false)
