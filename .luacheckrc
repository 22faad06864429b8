std = "lua54"
max_line_length = 120
codes = true
-- What the onnxdoc binary gives a script.
read_globals = {"onnxdoc", "model", "models"}
include_files = {"lua", "rules", "reports", "tests"}

files["tests/**/*_spec.lua"].std = "lua54+busted"
files["tests/golden.lua"].std = "lua54+busted"
