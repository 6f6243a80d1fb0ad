-- Live top of symbols: where the CPUs are, by function.
return {
  name = "Symbols",
  help = "Functions by the time that CPUs spent in them.",
  tips = {
    "Enter shows who calls the function, and t there what it calls.",
    "F2, then Tab, opens any view narrowed to the row: the processes it runs in.",
    "k is the kernel, u a program, b BPF, j code made while running.",
  },
  rows = "records",
  filter = "sample.idle = false",
  key = { "symbol.id" },
  label = "symbol.name",
  columns = {
    { "SHARE", "sample.weight", agg = "sum", of = "filtered", sort = "desc", id = "sample.percent" },
    { "SAMPLES", "sample.count", agg = "sum", priority = 3 },
    { "", "symbol.space" },
    { "SYMBOL", "symbol.name", width = "rest" },
    { "BINARY", "dso.name", priority = 2 },
    { "", "symbol.doubt", priority = 1 },
  },
  drill = { "callers", "processes", "threads", "binaries" },
}
