-- Tensors that are stored more than once: same type, shape and bytes.

-- The tensors that are worth a look, by what they have to agree in; in file order.
local function candidates(model, min_bytes)
  local groups, order = {}, {}
  for tensor in model:tensors() do
    if (tensor.nbytes or 0) >= min_bytes and tensor.storage ~= "none" and not tensor.sparse then
      local key = ("%s[%s]"):format(tensor.dtype, table.concat(tensor.shape, ","))
      if not groups[key] then
        groups[key] = {}
        order[#order + 1] = groups[key]
      end
      table.insert(groups[key], tensor)
    end
  end
  return order
end

-- One number all over, as zeros where weights were left out, and ones and zeros that training has not changed: equal,
-- but nobody would store them together.
local function is_uniform(tensor)
  if tensor.dtype == "string" then return false end
  local bytes = tensor:bytes(math.min(tensor.size, 1024))
  local width = math.max(1, tensor.nbytes // tensor.size)
  return bytes ~= nil and bytes:sub(1, -1 - width) == bytes:sub(1 + width)
end

-- Tensors of a group by their hash; those that cannot be read are left out: that is a finding of reading.
local function by_hash(group, options)
  local hashes, order = {}, {}
  for _, tensor in ipairs(group) do
    local hash = tensor:hash(options)
    if hash and not hashes[hash] then
      hashes[hash] = {}
      order[#order + 1] = hashes[hash]
    end
    if hash then table.insert(hashes[hash], tensor) end
  end
  return order
end

return {
  severity = "warning", category = "hygiene", title = "Tensors stored more than once", confidence = "high",
  description = "Two stored tensors with the same type, shape and bytes. Often these are weights that were tied in "
    .. "training and that the exporter wrote out twice, or one mask or table for each layer.",
  fix = "Store one of them and let all nodes read it (weights tied before export, or a pass that merges initializers).",
  -- The least size of a tensor that is looked at, and how much may be read to compare whole tensors, in bytes.
  options = {min_bytes = 1024, max_bytes = 1 << 29},
  messages = {
    copies = "tensors that are copies of others: {count}; {bytes} of {all} could be saved",
  },
  check = function(model, report, options)
    local copies, wasted, all, budget, unread = {}, 0, 0, options.max_bytes, 0

    local function compare(alike)
      local size = alike[1].nbytes * #alike
      if size > budget then
        unread = unread + #alike
        return
      end
      budget = budget - size
      for _, equal in ipairs(by_hash(alike)) do
        wasted = wasted + equal[1].nbytes * (#equal - 1)
        table.move(equal, 2, #equal, #copies + 1, copies)
      end
    end

    for _, group in ipairs(candidates(model, options.min_bytes)) do
      all = all + group[1].nbytes * #group
      for _, alike in ipairs(#group > 1 and by_hash(group, {sample = 8192}) or {}) do
        if #alike > 1 and not is_uniform(alike[1]) then compare(alike) end
      end
    end
    if #copies > 0 then
      report(copies, "copies", {count = #copies, bytes = onnxdoc.bytes(wasted), all = onnxdoc.bytes(all)})
    end
    if unread > 0 then
      report.unknown(("%d tensors look alike in samples, but comparing them would read more than max_bytes (%s)")
        :format(unread, onnxdoc.bytes(options.max_bytes)))
    end
  end,
  examples = {
    fires = {{options = {min_bytes = 8}, model =
      [[g (float[3] x) => (float[3] y) <float[3] a = {1, 2, 3}, float[3] b = {1, 2, 3}, float[3] c = {0, 2, 3}> {
          t = Add(x, a)
          u = Mul(t, b)
          y = Sub(u, c)
        }]]}},
    silent = {
      -- Small ones are not worth a word.
      [[g (float[2] x) => (float[2] y) <float[2] a = {1, 2}, float[2] b = {1, 2}> { t = Add(x, a) y = Mul(t, b) }]],
      {options = {min_bytes = 8}, model =
        [[g (float[2] x) => (float[2] y) <float[2] a = {3, 3}, float[2] b = {3, 3}> { t = Add(x, a) y = Mul(t, b) }]]},
      -- The same bytes of another type or shape are another tensor.
      {options = {min_bytes = 8}, model =
        [[g (float[2] x, int32[2] i) => (float[2] y, int32[2] j, float[2,2] z)
            <float[2] a = {1, 2}, int32[2] b = {1065353216, 1073741824}, float[1,2] c = {1, 2}> {
            y = Add(x, a)
            j = Add(i, b)
            z = Add(x, c)
          }]]},
    },
  },
}
