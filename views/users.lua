-- Users: what the processes of each use.
return {
  name = "Users",
  help = "Users by the CPU that their processes use.",
  tips = { "Enter shows the user's processes." },
  rows = "records",
  filter = "user.uid exists and not sample.idle = true",
  key = { "user.uid" },
  label = "user.name",
  window = 3,
  columns = {
    { "UID", "user.uid" },
    { "USER", "user.name", agg = "last", width = "rest" },
    { "CPU%", "proc.cpu", agg = "mean", sort = "desc" },
    { "RSS", "proc.rss", agg = "mean" },
    { "READ/s", "proc.io_read", agg = "rate", priority = 2 },
    { "WRITE/s", "proc.io_written", agg = "rate", priority = 3 },
    { "PROCS", "proc.living", agg = "distinct", width = 5, id = "user.processes" },
    { "ON-CPU", "sample.weight", agg = "sum", of = "filtered", id = "sample.percent", priority = 1 },
  },
  drill = { "processes", "symbols", "containers" },
}
