config = { "server" => { "port" => 80 } }
puts config["server"]["port"]
puts config["client"]["port"]
