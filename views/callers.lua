-- Who calls it, who it calls.
return {
  name = "Callers",
  help = "Functions with all that they call, and who calls them.",
  tips = {
    "CHILDREN counts samples with the function anywhere on the stack, SELF those in it.",
    "Space or Enter unfolds a row into its callers; t turns the tree to what is called.",
    "A function that calls itself counts once.",
  },
  panel = "tree",
  rows = "records",
  filter = "sample.idle = false",
  path = "stack.callers",
  columns = {
    { "CHILDREN", "sample.weight", agg = "sum", of = "total", sort = "desc", width = 9, id = "sample.children" },
    { "SELF", "sample.self", agg = "sum", of = "total", id = "sample.self" },
    { "", "symbol.space" },
    { "SYMBOL", "symbol.name", width = "rest" },
    { "BINARY", "dso.name", priority = 2 },
    { "", "symbol.doubt", priority = 1 },
  },
  drill = { "processes", "threads", "symbols" },
}
