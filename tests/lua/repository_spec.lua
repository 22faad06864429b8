-- lua/onnxdoc/repository.lua

local repository = require "onnxdoc.repository"
local Scratch = require "scratch"

describe("a repository", function()
  local scratch

  setup(function()
    scratch = Scratch.new()
    scratch:mkdir("repo")
    scratch:mkdir("repo/.git")
    scratch:mkdir("repo/models")
  end)
  teardown(function() scratch:remove() end)

  it("is found above the first file that is in one", function()
    local model = scratch:path("repo/models/../models/./a.onnx")
    local places = repository.files {"-", scratch:path("loose.onnx"), model}
    assert.equal(scratch:path("repo"), places.root)
    assert.equal("models/a.onnx", places:relative(model))
    assert.equal("models/a.onnx", places:name(model))
    local relative, whole = places:relative(scratch:path("loose.onnx"))
    assert.is_nil(relative)
    assert.equal(scratch:path("loose.onnx"), whole)
    assert.equal(whole, places:name(whole))
    assert.is_nil(places:relative(scratch:path("repository/a.onnx")))
  end)

  it("is the current folder where there is none; standard input has no place", function()
    local places = repository.files {scratch:path("loose.onnx")}
    assert.equal(require("lfs").currentdir(), places.root)
    assert.equal("a/b.onnx", places:name("a/b.onnx"))
    assert.is_nil(places:relative("-"))
    assert.equal("-", places:name("-"))
  end)

  it("has its paths in URIs with all but plain characters escaped", function()
    assert.equal("a%20b/%25%3A%3F%23%5B/%FF%0A~-_.x", repository.uri("a b/%:?#[/\xff\n~-_.x"))
  end)
end)
