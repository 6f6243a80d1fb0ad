-- Threads by the CPU time they were seen to use.
return {
  name = "Threads",
  help = "Threads by the time that CPUs spent in them.",
  tips = { "Enter shows the thread's functions." },
  rows = "records",
  filter = "sample.idle = false",
  key = { "thread.tid" },
  label = "thread.name",
  columns = {
    { "SHARE", "sample.weight", agg = "sum", of = "filtered", sort = "desc", id = "sample.percent" },
    { "SAMPLES", "sample.count", agg = "sum", priority = 2 },
    { "TID", "thread.tid" },
    { "PID", "proc.pid", priority = 3 },
    { "THREAD", "thread.name", agg = "last", width = "rest" },
    { "PROCESS", "proc.name", agg = "last", priority = 1 },
  },
  drill = { "symbols", "callers", "binaries" },
}
