-- Processes by the CPU time they were seen to use.
return {
  name = "Processes",
  help = "Processes by the time that CPUs spent in them.",
  tips = { "Enter shows the process's threads; F2 and Tab its functions and binaries." },
  rows = "records",
  filter = "sample.idle = false",
  key = { "proc.pid" },
  label = "proc.name",
  columns = {
    { "SHARE", "sample.weight", agg = "sum", of = "filtered", sort = "desc", id = "sample.percent" },
    { "SAMPLES", "sample.count", agg = "sum", priority = 2 },
    { "PID", "proc.pid" },
    { "THREADS", "thread.tid", agg = "distinct", width = 7, priority = 3, id = "proc.threads" },
    { "PROCESS", "proc.name", agg = "last", width = "rest" },
    { "CGROUP", "cgroup.path", agg = "last", priority = 1 },
  },
  drill = { "threads", "symbols", "binaries", "callers" },
}
