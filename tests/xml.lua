-- Whether a text is well-formed XML, and what elements it has: enough of the language for what is written here.
-- Elements, attributes in quotes, character data with the five entities and &#n;, comments, <style> as text.
--
--     local elements = xml.parse(text)   -- {name, attributes, text, parent}, in order; raises what is wrong, and where

local xml = {}

local entities = {amp = true, lt = true, gt = true, quot = true, apos = true}

local function check_text(s, what)
  assert(not s:find("[<>]"), what .. ": a bare < or >")
  for entity in s:gmatch("&([^;]*;?)") do
    local name = entity:match("^(.*);$")
    assert(name and (entities[name] or name:find("^#%d+$")), what .. ": not an entity: &" .. entity:sub(1, 20))
  end
  assert(not s:find("[\0-\8\11\12\14-\31]"), what .. ": a control character")
  assert(not s:find("\xef\xbf[\xbe\xbf]"), what .. ": U+FFFE or U+FFFF")
end

local function parse_attributes(s, element)
  local attributes, at = {}, 1
  while s:find("%S", at) do
    local name, value, stop = s:match('^%s+([%a_:][%w_:.-]*)="([^"]*)"()', at)
    assert(name, "attributes of <" .. element .. ">: " .. s:sub(at, at + 60))
    assert(not attributes[name], "attribute twice: " .. name)
    check_text(value, name)
    attributes[name], at = value, stop
  end
  return attributes
end

function xml.parse(text)
  assert(utf8.len(text), "not UTF-8")
  local elements, open, at = {}, nil, 1
  local function add_text(s)
    check_text(s, "text")
    if open then open.text = open.text .. s else assert(not s:find("%S"), "text outside of the root") end
  end
  while at <= #text do
    local start = text:find("<", at, true)
    add_text(text:sub(at, (start or #text + 1) - 1))
    if not start then break end
    local comment_end = select(2, text:find("^<!%-%-.-%-%->", start))
    local close, close_end = text:match("^</([%w:-]+)>()", start)
    local name, rest, empty, stop = text:match("^<([%a][%w:-]*)([^<>]-)(/?)>()", start)
    if comment_end then
      at = comment_end + 1
    elseif close then
      assert(open and open.name == close, "</" .. close .. "> closes nothing")
      open, at = open.parent, close_end
    else
      assert(name, "no markup: " .. text:sub(start, start + 60))
      assert(open or #elements == 0, "a second root")
      local element = {name = name, attributes = parse_attributes(rest, name), text = "", parent = open}
      elements[#elements + 1] = element
      if empty == "" then open = element end
      at = stop
    end
  end
  assert(not open, "the end is missing")
  return elements
end

return xml
