-- Threads: what each uses, and where CPUs were seen in it.
return {
  name = "Threads",
  help = "Threads by CPU.",
  tips = { "Enter shows the thread's functions." },
  rows = "records",
  filter = "not sample.idle = true",
  key = { "thread.tid", "thread.start" },
  window = 3,
  label = "thread.name",
  columns = {
    { "TID", "thread.tid" },
    { "PID", "proc.pid", priority = 3 },
    { "S", "proc.state", agg = "last", priority = 6 },
    { "CPU%", "proc.cpu", agg = "mean", sort = "desc" },
    { "ON-CPU", "sample.weight", agg = "sum", of = "filtered", id = "sample.percent" },
    { "SAMPLES", "sample.count", agg = "sum", priority = 4 },
    { "NI", "proc.nice", agg = "last", priority = 9 },
    { "THREAD", "thread.name", agg = "last", width = "rest" },
    { "PROCESS", "proc.name", agg = "last", priority = 1 },
    { "CONTAINER", "container.name", agg = "last", when = "containers", priority = 2 },
  },
  actions = {
    { "n", "Change the nice value", request = "renice", prompt = "Nice value, -20 to 19", ask = true },
    { "c", "Bind to CPUs", request = "affinity", prompt = "CPUs, as 0-3,8", ask = true },
  },
  drill = { "symbols", "callers", "binaries" },
}
