--- Pages in Markdown, as GitHub and Hugging Face show it. page.lua says what the functions are for.

local text = require "onnxdoc.text"

local markdown = {text = text.markdown, code = text.code}

function markdown.strong(s) return "**" .. s .. "**" end
function markdown.emphasis(s) return "*" .. s .. "*" end
function markdown.share(x, paths) return ("%.1f%%"):format(100 * x) .. markdown.cite(paths) end

--- A comment behind the number names its fact.
function markdown.fact(s, path) return text.markdown(s) .. markdown.cite(path) end
function markdown.cite(paths) return "<!-- " .. paths .. " -->" end

function markdown.heading(level, s, writer) writer.write(("#"):rep(level), " ", s, "\n\n") end
function markdown.paragraph(s, writer) writer.write(s, "\n\n") end
function markdown.block(s, writer) writer.write(text.fence(s), "\n\n") end

function markdown.list(items, writer)
  for _, item in ipairs(items) do writer.write("- ", item, "\n") end
  writer.write("\n")
end

function markdown.table(rows, right, writer)
  local rule = {}
  for c = 1, #rows[1] do rule[c] = right[c] and "---:" or "---" end
  for r, row in ipairs(rows) do
    writer.write("| ", table.concat(row, " | "), " |\n")
    if r == 1 then writer.write("| ", table.concat(rule, " | "), " |\n") end
  end
  writer.write("\n")
end

-- In a URL nothing but letters, digits and a few marks stands for itself.
local function url(path)
  return (path:gsub("[^%w%-._~/]", function(char) return ("%%%02X"):format(char:byte()) end))
end

function markdown.image(path, alt, writer)
  writer.write("![", text.markdown(alt), "](", url(path), ")\n\n")
end

-- A string in YAML: a JSON string is one; a plain word needs no quotes.
local function yaml(s) return s:find("^%l[%l%d-]*$") and s or text.json_string(s) end

--- YAML before the page: {{key, value}, …}; a value is a string, a list of strings, or false for a blank to be
-- filled in.
function markdown.front_matter(entries, writer)
  writer.write("---\n")
  for _, entry in ipairs(entries) do
    local key, value = entry[1], entry[2]
    if type(value) == "table" then
      writer.write(key, ":\n")
      for _, item in ipairs(value) do writer.write("- ", yaml(item), "\n") end
    else
      writer.write(key, ": ", value and yaml(value) or "# not recorded in the model: to be filled in", "\n")
    end
  end
  writer.write("---\n\n")
end

return markdown
