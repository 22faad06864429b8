--- Which versions of ONNX go together, as the project's list of releases says (docs/Versioning.md of onnx/onnx).

local versions = {}

-- The first release with an operator set of ai.onnx, and its IR version.
local releases = {
  {release = "1.0", ir = 3, opset = 1}, {release = "1.1", ir = 3, opset = 5}, {release = "1.1.2", ir = 3, opset = 6},
  {release = "1.2", ir = 3, opset = 7}, {release = "1.3", ir = 3, opset = 8}, {release = "1.4.1", ir = 4, opset = 9},
  {release = "1.5", ir = 5, opset = 10}, {release = "1.6", ir = 6, opset = 11}, {release = "1.7", ir = 7, opset = 12},
  {release = "1.8", ir = 7, opset = 13}, {release = "1.9", ir = 7, opset = 14}, {release = "1.10", ir = 8, opset = 15},
  {release = "1.11", ir = 8, opset = 16}, {release = "1.12", ir = 8, opset = 17},
  {release = "1.13", ir = 8, opset = 18}, {release = "1.14", ir = 9, opset = 19},
  {release = "1.15", ir = 9, opset = 20}, {release = "1.16", ir = 10, opset = 21},
  {release = "1.17", ir = 10, opset = 22}, {release = "1.18", ir = 11, opset = 23},
  {release = "1.19", ir = 12, opset = 24}, {release = "1.20", ir = 13, opset = 25},
  {release = "1.21", ir = 13, opset = 26},
}

--- The newest operator sets whose operators are in the shipped schemas (src/ops/schema.txt).
versions.newest = {[""] = 28, ["ai.onnx.ml"] = 5}

--- The release that brought an operator set of ai.onnx: {release, ir, opset}, or nil past the last one listed.
function versions.release_of(opset)
  for _, release in ipairs(releases) do
    if opset <= release.opset then return release end
  end
end

return versions
