-- Two nodes in a row of which the second undoes the first, or makes it needless.

-- ---- casts ----

-- Of numbers: bits of an integer's magnitude or of a float's significand, and of the exponent.
local integers = {bool = 1, uint2 = 2, uint4 = 4, uint8 = 8, uint16 = 16, uint32 = 32, uint64 = 64}
local signed = {int2 = 1, int4 = 3, int8 = 7, int16 = 15, int32 = 31, int64 = 63}
local floats = {float16 = {11, 5}, bfloat16 = {8, 8}, float32 = {24, 8}, float64 = {53, 11}}

-- Whether every number of one type is one of the other.
local function holds_all(wide, narrow)
  if floats[narrow] then
    local w, n = floats[wide], floats[narrow]
    return w ~= nil and w[1] >= n[1] and w[2] >= n[2]
  end
  local bits = integers[narrow] or signed[narrow]
  if not bits then return false end
  if floats[wide] then return floats[wide][1] >= bits and 1 << (floats[wide][2] - 1) > bits end
  if integers[narrow] then return (integers[wide] or signed[wide] or 0) >= bits end
  return (signed[wide] or 0) >= bits
end

local function casts_cancel(_, second)
  local through, to = second.inputs[1], second.outputs[1]
  local from = through.producer.inputs[1]
  if not from or not to or not from.dtype or from.dtype ~= to.dtype or not through.dtype then return false end
  return from.dtype == through.dtype or holds_all(through.dtype, from.dtype)
end

-- ---- axes ----

-- A list of whole numbers, which an attribute or contents may fail to be; else nil.
local function whole_numbers(list)
  if type(list) ~= "table" or #list == 0 then return nil end
  for _, item in ipairs(list) do
    if math.type(item) ~= "integer" then return nil end
  end
  return list
end

-- Without perm axes are turned round.
local function permutation(node, rank)
  local given = node:attr("perm")
  if given ~= nil then return whole_numbers(given) end
  local perm = {}
  for i = 1, rank do perm[i] = rank - i end
  return perm
end

local function transposes_cancel(first, second)
  local rank = math.max(#(permutation(first, 0) or {}), #(permutation(second, 0) or {}))
  local a, b = permutation(first, rank), permutation(second, rank)
  if not a or not b or #a ~= #b then return false end
  for i, axis in ipairs(b) do
    if a[axis + 1] ~= i - 1 then return false end
  end
  return true
end

-- The axes of a Squeeze or Unsqueeze, counted from the front of the larger shape and joined; nil where not known.
local function axes_of(node)
  local axes = whole_numbers(node:attr("axes") or node.inputs[2] and node.inputs[2].known)
  local larger = node.op_type == "Squeeze" and node.inputs[1] or node.outputs[1]
  if not axes or not larger or not larger.shape then return nil end
  local from_front = {}
  for i, axis in ipairs(axes) do
    from_front[i] = axis < 0 and axis + #larger.shape or axis
  end
  table.sort(from_front)
  return table.concat(from_front, ",")
end

local function axes_cancel(first, second)
  local axes = axes_of(first)
  return axes ~= nil and axes == axes_of(second)
end

-- ---- shapes ----

-- The second decides alone, where it copies no dimension of what it reads (0) and nobody else reads that.
local function reshape_is_needless(_, second)
  local target = second.inputs[2] and second.inputs[2].known
  local middle = second.inputs[1]
  if not target or #middle.consumers ~= 1 or middle.is_output then return false end
  for _, size in ipairs(target) do
    if math.type(size) ~= "integer" or size == 0 and second:attr("allowzero") ~= 1 then return false end
  end
  return true
end

-- By the second's operator: what the first has to be, and which message says so.
local pairs_of = {
  Transpose = {first = "Transpose", cancel = transposes_cancel, message = "transposes"},
  Cast = {first = "Cast", cancel = casts_cancel, message = "casts"},
  Squeeze = {first = "Unsqueeze", cancel = axes_cancel, message = "squeezes"},
  Unsqueeze = {first = "Squeeze", cancel = axes_cancel, message = "squeezes"},
  Reshape = {first = "Reshape", cancel = reshape_is_needless, message = "reshapes"},
}

return {
  severity = "info", category = "hygiene", title = "Pairs of nodes that cancel", confidence = "high",
  description = "Two nodes with nothing between of which the second undoes the first: transposes, casts through a type "
    .. "that holds all values, Squeeze and Unsqueeze; or two reshapes, of which the last alone would do.",
  fix = "Remove them with onnxsim or onnxruntime's graph optimisation; converters often leave them where layouts meet.",
  messages = {
    transposes = "pairs of Transpose that undo each other: {count}",
    casts = "pairs of Cast that lead back to the type they come from and lose nothing on the way: {count}",
    squeezes = "pairs of Squeeze and Unsqueeze that undo each other: {count}",
    reshapes = "Reshape nodes whose output is only reshaped again, so that the second would do alone: {count}",
  },
  check = function(model, report)
    local found, second_of = {transposes = {}, casts = {}, squeezes = {}, reshapes = {}}, {}
    for node in model:nodes() do
      local pair = node.domain == "" and pairs_of[node.op_type]
      local first = pair and node.inputs[1] and node.inputs[1].producer
      -- Of three in a row two cancel. Constants and shapes are folded anyway.
      if first and first.op == pair.first and not second_of[first] and node.class ~= "constant"
        and node.class ~= "shape" and pair.cancel(first, node) then
        second_of[node] = true
        table.insert(found[pair.message], node)
      end
    end
    for _, key in ipairs {"transposes", "casts", "squeezes", "reshapes"} do
      if #found[key] > 0 then report(found[key], key, {count = #found[key]}) end
    end
  end,
  examples = {
    fires = {
      [[g (float[2,3,4] x) => (float[2,3,4] y) {
          t = Transpose <perm = [1, 2, 0]> (x)
          y = Transpose <perm = [2, 0, 1]> (t)
        }]],
      [[g (float[2,3] x) => (float[2,3] y) { t = Transpose(x) y = Transpose(t) }]],
      [[g (float16[2] x) => (float16[2] y) { t = Cast <to = 1> (x) y = Cast <to = 10> (t) }]],
      [[g (float[2,3] x) => (float[2,3] y) <int64[1] front = {0}, int64[1] same = {-3}> {
          t = Unsqueeze(x, front)
          y = Squeeze(t, same)
        }]],
      [[g (float[2,6] x) => (float[3,4] y) <int64[1] flat = {-1}, int64[2] target = {3, 4}> {
          t = Reshape(x, flat)
          y = Reshape(t, target)
        }]],
    },
    silent = {
      -- Attributes that make no sense, and an output without a name.
      [[g (float[2,3] x) => (y) { t = Transpose <perm = 1> (x) y = Transpose <perm = "ab"> (t) }]],
      [[g (float16[2] x) => () { t = Cast <to = 1> (x) "" = Cast <to = 10> (t) }]],
      [[g (float[2,3,4] x) => (float[4,2,3] y) {
          t = Transpose <perm = [1, 2, 0]> (x)
          y = Transpose <perm = [1, 2, 0]> (t)
        }]],
      -- Half of the digits are gone for good.
      [[g (float[2] x) => (float[2] y) { t = Cast <to = 10> (x) y = Cast <to = 1> (t) }]],
      [[g (int64[2] x) => (int64[2] y) { t = Cast <to = 1> (x) y = Cast <to = 7> (t) }]],
      [[g (float[1,3] x) => (float[3,1] y) <int64[1] front = {0}, int64[1] back = {1}> {
          t = Squeeze(x, front)
          y = Unsqueeze(t, back)
        }]],
      -- The second copies a dimension that the first made.
      [[g (float[2,6] x) => (float[3,4] y) <int64[2] half = {3, 4}, int64[2] target = {0, -1}> {
          t = Reshape(x, half)
          y = Reshape(t, target)
        }]],
      [[g (float[2,6] x) => (float[3,4] y, float[12] t) <int64[1] flat = {-1}, int64[2] target = {3, 4}> {
          t = Reshape(x, flat)
          y = Reshape(t, target)
        }]],
    },
  },
}
