-- Binaries by the CPU time spent in their code.
return {
  name = "Binaries",
  help = "Programs, libraries and parts of the kernel by the time that CPUs spent in their code.",
  tips = {
    "Enter shows the functions of the binary.",
    "PROOF says whether its names are those of the file that was mapped; WHY, what is missing.",
  },
  rows = "records",
  filter = "sample.idle = false",
  key = { "dso.id" },
  label = "dso.name",
  columns = {
    { "SHARE", "sample.weight", agg = "sum", of = "filtered", sort = "desc", id = "sample.percent" },
    { "SAMPLES", "sample.count", agg = "sum", priority = 3 },
    { "", "symbol.space" },
    { "PROOF", "symbol.proof", priority = 2 },
    { "PATH", "dso.path", width = "rest" },
    { "WHY", "dso.why", priority = 1, width = 24 },
  },
  drill = { "symbols", "callers", "processes" },
}
