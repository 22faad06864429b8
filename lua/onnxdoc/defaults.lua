--- What a symbol is taken to be where a number is needed and nobody gave one. A list, of which the first entry that
-- fits a symbol counts; every number that rests on one says so.
--
--   role     what the dimension is to people: `--batch 8` and the like give all symbols of a role a value
--   value    a number, or a function of {role = value so far}
--   names    Lua patterns, one of which the symbol's name, in lower case, must match
--   axis     which axis (from 1) of a graph input it must be
--   rank     the rank that input must have
--   origin   "input", "data" (depends on contents), "unknown", "declared"
--
-- Entries of your own come first: a list like this one, returned by `defaults.lua` in the configuration folder
-- (~/.config/onnxdoc), or put in by a script: table.insert(require "onnxdoc.defaults", 1, {…}).

return {
  {role = "batch", value = 1, names = {"batch", "^bs?$", "^bsz$", "^n$"}},
  {role = "total", value = function(roles) return (roles.past or 0) + (roles.seq or 128) end,
    names = {"total", "present", "kv_len", "%+"}},
  {role = "past", value = 0, names = {"past", "cache_len", "^p$"}},
  {role = "seq", value = 128, names = {"seq", "token", "^s$", "^l$", "length", "^t$", "time", "frames"}},
  {role = "height", value = 224, names = {"height", "^h$"}},
  {role = "width", value = 224, names = {"width", "^w$"}},
  {role = "trips", value = 1, names = {":trips$"}},
  {role = "data", value = 1, origin = "data"},
  {role = "unknown", value = 1, origin = "unknown"},
  {role = "batch", value = 1, axis = 1},
  {role = "height", value = 224, axis = 3, rank = 4},
  {role = "width", value = 224, axis = 4, rank = 4},
  {role = "seq", value = 128, axis = 2, rank = 2},
  {role = "seq", value = 128, axis = 2, rank = 3},
  {role = "dimension", value = 1},
}
