std = "lua54"
codes = true
max_line_length = 120
-- What the onnxdoc binary gives a script.
read_globals = {"onnxdoc", "model", "models"}

-- Fixtures are tables of tables; cutting their lines up does not help anybody read them.
files["tests"] = {max_line_length = 140}
files["tests/**/*_spec.lua"] = {std = "lua54+busted"}
